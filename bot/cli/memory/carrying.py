"""`nofx memory export|import`: a session as lines of JSON, out and in again."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.actor import at_keyboard
from bot.cli.memory.reading import SessionId
from bot.cli.running import complain, run
from bot.plain import counted
from core.errors import ImportLineError, OptionInvalidError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from typing import BinaryIO

    from bot.base import Base
    from core.memory.model import Scope, ScopeKind
    from core.memory.parcel import Parcel
    from core.memory.portable import Imported

# What a scope of a kind is not without.
NEEDED = {
    "pull": ("repository", "pull"),
    "repository": ("repository",),
    "installation": ("installation_id",),
    "actor": ("actor",),
}

MOST_INSTALLATIONS = 2**53


def export(
    context: typer.Context,
    session_id: SessionId,
    *,
    output: Annotated[
        Path | None, typer.Option(help="A file that is not there yet; else stdout.")
    ] = None,
) -> None:
    """Write a session with its contents, readable by everybody who gets the file.

    A JSON document a line; the last one says that it is all there. The audit says first
    that you have it.

    For example:

    ```
    nofx memory export SESSION --output session.ndjson
    ```
    """

    async def write(base: "Base", file: "BinaryIO") -> None:
        from bot.api.plaintext import Plaintext  # noqa: PLC0415  # help can spare it
        from core.memory.browsing import Browser  # noqa: PLC0415  # as above
        from core.memory.contents import Contents  # noqa: PLC0415  # as above
        from core.memory.listing import everything  # noqa: PLC0415  # as above
        from core.memory.workspace import Workspaces  # noqa: PLC0415  # as above

        browser = Browser(base.memory.store, clock=base.clock)
        session = await browser.session(session_id, everything)
        memory = base.memory.opened()
        workspaces = Workspaces(memory, Contents(base.database))
        plaintext = Plaintext(memory, base.audit)
        async for line in await plaintext.export(
            session, workspaces, actor=at_keyboard()
        ):
            file.write(line)
        file.flush()

    file = _fresh(output) if output is not None else sys.stdout.buffer
    try:
        run(
            context,
            lambda service, settings: service.on_base(
                settings, lambda base: write(base, file)
            ),
        )
    finally:
        if output is not None:
            file.close()


def import_lines(  # one argument an option
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="What was exported.", metavar="FILE", dir_okay=False)
    ],
    *,
    repo: Annotated[
        str | None, typer.Option(help="owner/name; else where it was.")
    ] = None,
    pull: Annotated[
        int | None, typer.Option(min=1, help="Number of a pull request of --repo.")
    ] = None,
) -> None:
    """Bring exported lines into the session of a pull request that has no items yet.

    All lines are read before anything is written; secrets in them are masked as in
    everything that is remembered. Items get new numbers, and keep who wrote them.

    For example:

    ```
    nofx memory import session.ndjson
    nofx memory import session.ndjson --repo octo/hello --pull 7
    ```
    """
    if pull is not None and repo is None:
        raise OptionInvalidError(option="--pull", reason="name its --repo")
    try:
        lines = file.read_bytes().splitlines(keepends=True)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise OptionInvalidError(option=str(file), reason=reason) from None

    async def bring(base: "Base") -> "tuple[str, Imported]":
        from core.events import schema  # noqa: PLC0415  # as above
        from core.memory.contents import Contents  # noqa: PLC0415  # as above
        from core.memory.parcel import parcel_of  # noqa: PLC0415  # as above
        from core.memory.portable import imported  # noqa: PLC0415  # as above
        from core.memory.workspace import Workspaces  # noqa: PLC0415  # as above

        parcel = parcel_of(lines)
        memory, scope = base.memory.opened(), _scope(parcel, repo, pull)
        session = await memory.of(scope, fork=parcel.header.fork)
        await base.audit.record(
            schema.AuditRecorded(
                actor=at_keyboard(),
                action="memory.import",
                subject=f"session/{session.id}",
                repository=scope.repository,
                pull=scope.pull,
                facts={"items": len(parcel.items), "from": parcel.header.session},
            )
        )
        workspaces = Workspaces(memory, Contents(base.database))
        return session.id, await imported(memory, workspaces, session.id, parcel)

    session_id, done = run(
        context, lambda service, settings: service.on_base(settings, bring)
    )
    items, contents = counted(done.items, "item"), counted(done.contents, "content")
    complain(f"{items} and {contents} are in {session_id}; {done.left} were erased.")
    typer.echo(session_id)


def _scope(parcel: "Parcel", repo: str | None, pull: int | None) -> "Scope":
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415  # as above

    from core.memory.model import Scope  # noqa: PLC0415  # as above

    if repo is not None:
        kind: ScopeKind = "repository" if pull is None else "pull"
        given = Scope(kind=kind, repository=repo, pull=pull)
        if not _can_be_asked_for(given):
            raise OptionInvalidError(option="--repo", reason="it must be owner/name")
        return given
    try:
        found = TypeAdapter(Scope).validate_python(parcel.header.scope)
    except ValidationError:
        raise ImportLineError(line=1, reason="it names no scope") from None
    if any(getattr(found, name) is None for name in NEEDED[found.kind]):
        raise ImportLineError(line=1, reason="its scope is not whole")
    if not _can_be_asked_for(found):
        raise ImportLineError(line=1, reason="nothing at GitHub has such a name")
    return found


def _can_be_asked_for(scope: "Scope") -> bool:
    """Return whether its names are such that somebody can find the session again."""
    from pydantic import ValidationError  # noqa: PLC0415  # as above

    from bot.api.sessions import SessionQuery  # noqa: PLC0415  # as above

    try:
        SessionQuery(repo=scope.repository, pull=scope.pull, actor=scope.actor)
    except ValidationError:
        return False
    return 0 <= (scope.installation_id or 0) <= MOST_INSTALLATIONS


def _fresh(path: Path) -> "BinaryIO":
    """Open a file that was not there, for its owner alone."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        reason = error.strerror or "it cannot be written"
        raise OptionInvalidError(option="--output", reason=reason) from None
    return os.fdopen(made, "wb")
