"""`nofx runs merge`: two branches become one run again."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.exits import Exit
from bot.cli.runs.group import AsJson, Reason, ask, show
from core.errors import OptionsError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.api.answers.merges import MergeDetail


def merge(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    ours: Annotated[
        str, typer.Argument(help="A run, or the id of a merge.", metavar="OURS|MERGE")
    ],
    theirs: Annotated[
        str | None, typer.Argument(help="The other run.", metavar="THEIRS")
    ] = None,
    *,
    base: Annotated[
        str | None, typer.Option(help="A checkpoint, where several come in question.")
    ] = None,
    take: Annotated[
        list[str] | None,
        typer.Option(help="CONFLICT=ours|theirs|base|suggestion, or CONFLICT=JSON."),
    ] = None,
    commit: Annotated[
        bool, typer.Option("--commit", help="Begin the merged run.")
    ] = False,
    publish: Annotated[
        bool, typer.Option("--publish", help="Let it speak on the pull request.")
    ] = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Plan the merge of two runs, settle its conflicts, and go on as one run.

    Exit code 1 while conflicts are open. For example:

    ```
    nofx runs merge OURS THEIRS
    nofx runs merge MERGE --take 0123456789abcdef=theirs --commit
    ```
    """
    from bot.cli.runs import words  # noqa: PLC0415  # help can spare pydantic

    plan = _plan(context, ours, theirs, base)
    if take:
        plan = _ask(context, "POST", plan.id, "/resolutions", _choices(take))
    if commit:
        body = {"publish": publish, "reason": reason}
        path = "/merges/{merge_id}/commit"
        done = ask(context, "POST", path, ids={"merge_id": plan.id}, body=body)
        show(done, words.committed, as_json=as_json)
        return
    show(plan, words.merge, as_json=as_json)
    if plan.status == "conflicts":
        raise typer.Exit(Exit.FOUND)


def _plan(
    context: typer.Context, ours: str, theirs: str | None, base: str | None
) -> "MergeDetail":
    if theirs is None:
        return _ask(context, "GET", ours)
    body = {"ours": ours, "theirs": theirs} | ({"base": base} if base else {})
    return ask(context, "POST", "/merges", body=body)  # type: ignore[return-value] # the answer of this path


def _ask(
    context: typer.Context,
    method: str,
    merge_id: str,
    more: str = "",
    body: dict[str, Any] | None = None,
) -> "MergeDetail":
    path, ids = f"/merges/{{merge_id}}{more}", {"merge_id": merge_id}
    return ask(context, method, path, ids=ids, body=body)  # type: ignore[return-value] # the answer of this path


def _choices(given: list[str]) -> dict[str, Any]:
    """Read `conflict=choice` pairs; what names no side is a value in JSON."""
    found: dict[str, Any] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        if not equals:
            raise OptionsError(
                reason=f"{pair} is not of the form CONFLICT=choice.",
                command="runs merge",
            )
        if text in ("ours", "theirs", "base", "suggestion"):
            found[name] = text
            continue
        try:
            found[name] = {"value": json.loads(text)}
        except ValueError:
            raise OptionsError(
                reason=f"{text} names no side and is no JSON.", command="runs merge"
            ) from None
    return found
