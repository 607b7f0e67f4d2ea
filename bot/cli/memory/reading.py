"""`nofx memory list|show|expiring`: what is remembered; contents only on request."""

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli.running import run
from bot.cli.runs.group import AsJson, ask, show
from bot.cli.spans import span
from bot.terminal import emit
from core.clock import SystemClock
from core.errors import OptionInvalidError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.base import Base
    from core.memory.model import Session

PATH = "/sessions/{session_id}"
SessionId = Annotated[str, typer.Argument(help="The session's id.", metavar="SESSION")]
Part = Literal["messages", "workspace", "preferences"]


def list_sessions(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    *,
    repo: Annotated[str | None, typer.Option(help="owner/name.")] = None,
    pull: Annotated[
        int | None, typer.Option(help="Number of a pull request of --repo.")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Whose own they are.")] = None,
    author: Annotated[str | None, typer.Option(help="Who wrote in them.")] = None,
    held: Annotated[bool, typer.Option("--held", help="Only what is held.")] = False,
    state: Annotated[
        Literal["live", "ending", "ended"], typer.Option(help="Which ones.")
    ] = "live",
    since: Annotated[
        str | None, typer.Option(help="Changed in the last 90m, 12h, 30d, 8w.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    cursor: Annotated[
        str | None, typer.Option(help="`next` of the page before.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List sessions by what is known of them, newest first; contents are not searched.

    For example:

    ```
    nofx memory list --repo octo/hello
    nofx memory list --held --json
    ```
    """
    from bot.cli.memory import words  # noqa: PLC0415  # help can spare pydantic

    changed = SystemClock().now() - span(since) if since is not None else None
    query = {
        "repo": repo,
        "pull": str(pull) if pull is not None else None,
        "actor": actor,
        "author": author,
        "held": "true" if held else None,
        "state": state,
        "updated_since": changed.isoformat() if changed is not None else None,
        "limit": str(limit),
        "cursor": cursor,
    }
    found = ask(context, "GET", "/sessions", query=query)
    show(found, words.sessions, as_json=as_json)


def show_session(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    session_id: SessionId,
    *,
    part: Annotated[
        Part | None, typer.Option(help="Its items, instead of what is known of it.")
    ] = None,
    item: Annotated[
        int | None, typer.Option(min=1, help="One item; with --decrypt alone.")
    ] = None,
    after: Annotated[int, typer.Option(min=0, help="Items behind this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    decrypt: Annotated[
        bool,
        typer.Option("--decrypt", help="With contents; the audit says that you read."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a session: what is known of it, or its items.

    Contents are shown with --decrypt alone, after your name and the items' numbers went
    into the audit.

    For example:

    ```
    nofx memory show session_01hxqg5t0kc8f2v7w3m9b4n6ry
    nofx memory show session_01hxqg5t0kc8f2v7w3m9b4n6ry --part messages --decrypt
    nofx memory show session_01hxqg5t0kc8f2v7w3m9b4n6ry --item 3 --decrypt
    ```
    """
    from bot.cli.memory import words  # noqa: PLC0415  # as above

    ids = {"session_id": session_id}
    if item is not None:
        if not decrypt:
            reason = "an item alone is shown with --decrypt"
            raise OptionInvalidError(option="--item", reason=reason)
        path = f"{PATH}/items/{{seq}}"
        found = ask(context, "GET", path, ids={**ids, "seq": str(item)})
        show(found, words.item, as_json=as_json)
        return
    if part is None:
        if decrypt:
            reason = "say which contents, with --part or --item"
            raise OptionInvalidError(option="--decrypt", reason=reason)
        show(ask(context, "GET", PATH, ids=ids), words.session, as_json=as_json)
        return
    query = {"after": str(after), "limit": str(limit), "decrypt": str(decrypt).lower()}
    found = ask(context, "GET", f"{PATH}/{part}", ids=ids, query=query)
    show(found, words.items, as_json=as_json)


def expiring(
    context: typer.Context,
    *,
    within: Annotated[str, typer.Option(help="90m, 12h, 30d, 8w.")] = "7d",
    as_json: AsJson = False,
) -> None:
    """List the sessions that end soon and that nobody holds, the soonest first.

    For example:

    ```
    nofx memory expiring --within 2d
    ```
    """
    from bot.api.answers.sessions import SessionList  # noqa: PLC0415  # as above
    from bot.cli.memory import words  # noqa: PLC0415  # as above
    from core.memory.listing import SessionPage  # noqa: PLC0415  # as above

    ahead = span(within)

    async def look(base: "Base") -> "tuple[Session, ...]":
        return await base.memory.mortal().expiring(ahead, sees=lambda _: True)

    found = run(context, lambda service, settings: service.on_base(settings, look))
    lines = SessionList.of(SessionPage(sessions=found, next=None)).sessions
    if as_json:
        shown = [one.model_dump(mode="json") for one in lines]
        emit(json.dumps(shown, indent=2) + "\n")
    else:
        emit(words.ending(lines, within))
