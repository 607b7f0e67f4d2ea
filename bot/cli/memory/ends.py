"""`nofx memory hold|release|renew|delete`: how long a session lives, and why."""

from typing import Annotated, Literal

import typer

from bot.cli.memory.reading import PATH, SessionId
from bot.cli.runs.group import AsJson, ask, show
from bot.cli.spans import span
from core.clock import SystemClock

Reason = Annotated[str, typer.Option("--reason", help="Why; kept with your name.")]


def hold(
    context: typer.Context,
    session_id: SessionId,
    *,
    reason: Reason,
    kind: Annotated[
        Literal["legal", "pinned"], typer.Option(help="What holds it.")
    ] = "legal",
    item: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Only this item; as often as needed."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep a session, or some of its items, from being erased.

    For example:

    ```
    nofx memory hold SESSION --reason "asked by counsel"
    nofx memory hold SESSION --kind pinned --item 3 --item 4 --reason "still argued"
    ```
    """
    from bot.cli.memory import words  # noqa: PLC0415  # help can spare pydantic

    body = {"kind": kind, "items": item or [], "reason": reason}
    ids = {"session_id": session_id}
    found = ask(context, "POST", f"{PATH}/holds", ids=ids, body=body)
    show(found, words.session, as_json=as_json)


def release(
    context: typer.Context,
    session_id: SessionId,
    hold_id: Annotated[str, typer.Argument(help="The hold's id.", metavar="HOLD")],
    *,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Take a hold off; what is over by then lives on until its alerts went out.

    For example:

    ```
    nofx memory release SESSION HOLD --reason settled
    ```
    """
    from bot.cli.memory import words  # noqa: PLC0415  # as above

    path = f"{PATH}/holds/{{hold_id}}/release"
    ids = {"session_id": session_id, "hold_id": hold_id}
    found = ask(context, "POST", path, ids=ids, body={"reason": reason})
    show(found, words.session, as_json=as_json)


def renew(
    context: typer.Context,
    session_id: SessionId,
    *,
    span_of_life: Annotated[
        str, typer.Option("--for", help="From now: 12h, 30d, 8w.")
    ] = "90d",
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Let a session end at another time, later or sooner; its alerts begin anew.

    For example:

    ```
    nofx memory renew SESSION --for 30d --reason "a long review"
    ```
    """
    from bot.cli.memory import words  # noqa: PLC0415  # as above

    until = SystemClock().now() + span(span_of_life)
    body = {"until": until.isoformat(), "reason": reason}
    ids = {"session_id": session_id}
    found = ask(context, "POST", f"{PATH}/renew", ids=ids, body=body)
    show(found, words.session, as_json=as_json)


def delete(
    context: typer.Context,
    session_id: SessionId,
    *,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Erase a session for good, now; refused while it is held.

    For example:

    ```
    nofx memory delete SESSION --reason "asked by its author"
    ```
    """
    from bot.cli.memory import words  # noqa: PLC0415  # as above

    body = {"reason": reason}
    found = ask(context, "DELETE", PATH, ids={"session_id": session_id}, body=body)
    show(found, words.ended, as_json=as_json)
