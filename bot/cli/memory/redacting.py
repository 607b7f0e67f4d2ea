"""`nofx memory redact`: what was said is taken out, everywhere and for good."""

from typing import Annotated, Any

import typer

from bot.cli.memory.ends import Reason
from bot.cli.memory.reading import PATH, SessionId
from bot.cli.runs.group import AsJson, ask, show
from core.errors import OptionInvalidError


def redact(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    session_id: SessionId,
    *,
    reason: Reason,
    message: Annotated[
        int | None, typer.Option(min=1, help="This item, whole.", metavar="ITEM")
    ] = None,
    span: Annotated[
        tuple[int, str, int, int] | None,
        typer.Option(
            help="Characters of one text of an item, such as 3 /text 10 24.",
            metavar="ITEM POINTER START END",
        ),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="What this matches, in any item.", metavar="RE2"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would go.")
    ] = False,
    override_hold: Annotated[
        bool, typer.Option("--override-hold", help="Also what is held.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take something out of a session, and of everything that was made from it.

    It also goes from other sessions of the repository, summaries, runs, the feed and
    our own comments. Nothing brings it back.

    For example:

    ```
    nofx memory redact SESSION --message 3 --reason "a password"
    nofx memory redact SESSION --span 3 /text 10 24 --reason "a password"
    nofx memory redact SESSION --pattern "AKIA[0-9A-Z]{16}" --reason keys --dry-run
    ```
    """
    from bot.cli.memory import redaction_words  # noqa: PLC0415  # help can spare it

    body = {
        "target": _target(message, span, pattern),
        "reason": reason,
        "dry_run": dry_run,
        "override_hold": override_hold,
    }
    ids = {"session_id": session_id}
    found = ask(context, "POST", f"{PATH}/redactions", ids=ids, body=body)
    show(found, redaction_words.redaction, as_json=as_json)


def redactions(
    context: typer.Context, session_id: SessionId, *, as_json: AsJson = False
) -> None:
    """List what was taken out of a session, and what still keeps it from being gone.

    For example:

    ```
    nofx memory redactions session_01hxqg5t0kc8f2v7w3m9b4n6ry
    ```
    """
    from bot.cli.memory import redaction_words  # noqa: PLC0415  # as above

    ids = {"session_id": session_id}
    found = ask(context, "GET", f"{PATH}/redactions", ids=ids)
    show(found, redaction_words.redactions, as_json=as_json)


def _target(
    message: int | None, span: tuple[int, str, int, int] | None, pattern: str | None
) -> dict[str, Any]:
    target: dict[str, Any] = {}
    if message is not None:
        target["message"] = {"seq": message}
    if span is not None:
        names = ("seq", "pointer", "start", "end")
        target["span"] = dict(zip(names, span, strict=True))
    if pattern is not None:
        target["pattern"] = {"pattern": pattern}
    if len(target) != 1:
        raise OptionInvalidError(
            option="--message, --span, --pattern", reason="give one of the three"
        )
    return target
