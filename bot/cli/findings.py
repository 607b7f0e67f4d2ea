"""`nofx findings list|show|dismiss|resolve|dispute`: across a pull's pushes."""

from collections.abc import Mapping
from typing import Annotated

import typer

from bot.cli.running import guarded
from bot.cli.runs.group import AsJson, ask, show
from core.errors import OptionsError

Finding = Annotated[str, typer.Argument(help="The finding's id.", metavar="FINDING")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with your name.")]

findings = typer.Typer(
    name="findings",
    no_args_is_help=True,
    help="See what became of findings across pushes, and decide about them.",
)


@findings.callback()
def group() -> None:
    """See what became of findings across pushes, and decide about them."""


@findings.command("list")
@guarded
def list_findings(
    context: typer.Context,
    repository: Annotated[str, typer.Argument(help="As octo/hello.", metavar="REPO")],
    number: Annotated[int, typer.Argument(min=1, metavar="NUMBER")],
    *,
    state: Annotated[
        str | None, typer.Option(help="Only posted, addressed, dismissed …; else all.")
    ] = None,
    still_open: Annotated[
        bool | None, typer.Option("--open/--closed", help="Whether they still stop it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what was found in a pull request, oldest first.

    For example:

    ```
    nofx findings list octo/hello 7
    nofx findings list octo/hello 7 --open
    ```
    """
    from bot.cli import findings_words  # noqa: PLC0415  # help can spare pydantic

    owner, _, repo = repository.partition("/")
    if not owner or not repo or "/" in repo:
        reason = f"a repository is named as octo/hello, not as {repository}"
        raise OptionsError(reason=reason, command="findings list")
    found = ask(
        context,
        "GET",
        "/repos/{owner}/{repo}/pulls/{number}/findings",
        ids={"owner": owner, "repo": repo, "number": str(number)},
        query={
            "state": state,
            "open": None if still_open is None else str(still_open).lower(),
        },
    )
    show(found, findings_words.listed, as_json=as_json)


@findings.command("show")
@guarded
def show_finding(
    context: typer.Context, finding: Finding, *, as_json: AsJson = False
) -> None:
    """Show one finding, and what became of it.

    For example:

    ```
    nofx findings show finding_01hxqg5t0kc8f2v7w3m9b4n6ry
    ```
    """
    _one(context, "GET", finding, as_json=as_json)


@findings.command()
@guarded
def dismiss(
    context: typer.Context, finding: Finding, *, reason: Why, as_json: AsJson = False
) -> None:
    """Say that a finding is not worth mending: it stops nothing any more.

    For example:

    ```
    nofx findings dismiss finding_01hxqg5t0kc8f2v7w3m9b4n6ry --reason "a test only"
    ```
    """
    _decide(context, finding, "dismissed", reason, as_json=as_json)


@findings.command()
@guarded
def resolve(
    context: typer.Context, finding: Finding, *, reason: Why, as_json: AsJson = False
) -> None:
    """Say that a finding is mended, where the code does not show it.

    For example:

    ```
    nofx findings resolve finding_01hxqg5t0kc8f2v7w3m9b4n6ry --reason "mended in #9"
    ```
    """
    _decide(context, finding, "resolved", reason, as_json=as_json)


@findings.command()
@guarded
def dispute(
    context: typer.Context, finding: Finding, *, reason: Why, as_json: AsJson = False
) -> None:
    """Say that a finding is wrong; it stops the change until somebody dismisses it.

    For example:

    ```
    nofx findings dispute finding_01hxqg5t0kc8f2v7w3m9b4n6ry --reason "never None here"
    ```
    """
    _decide(context, finding, "disputed", reason, as_json=as_json)


def _decide(
    context: typer.Context, finding: str, state: str, reason: str, *, as_json: bool
) -> None:
    body = {"state": state, "reason": reason}
    _one(context, "PATCH", finding, body, as_json=as_json)


def _one(
    context: typer.Context,
    method: str,
    finding: str,
    body: Mapping[str, str] | None = None,
    *,
    as_json: bool,
) -> None:
    from bot.cli import findings_words  # noqa: PLC0415  # as above

    path, ids = "/findings/{finding_id}", {"finding_id": finding}
    found = ask(context, method, path, ids=ids, body=body)
    show(found, findings_words.one, as_json=as_json)
