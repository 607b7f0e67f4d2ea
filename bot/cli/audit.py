"""`nofx audit list|verify|head`: who did what, and whether that record is whole."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.exits import Exit
from bot.cli.running import guarded, run, working
from bot.cli.runs.group import AsJson, ask, show
from bot.cli.spans import span
from bot.plain import counted, one_line
from bot.terminal import emit
from core.clock import SystemClock
from core.errors import AuditBrokenError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from bot.base import Base
    from core.audit.places import Head
    from core.audit.proof import AuditProof

audit = typer.Typer(
    name="audit",
    no_args_is_help=True,
    help="See who did what with what is confidential, and prove that record.",
)


@audit.callback()
def group() -> None:
    """See who did what with what is confidential, and prove that record."""


@audit.command("list")
@guarded
def list_entries(  # noqa: PLR0913  # one argument an option
    context: typer.Context,
    *,
    actor: Annotated[str | None, typer.Option(help="As cli:ada.")] = None,
    action: Annotated[str | None, typer.Option(help="As memory.read.")] = None,
    subject: Annotated[str | None, typer.Option(help="As session/SESSION.")] = None,
    since: Annotated[
        str | None, typer.Option(help="In the last 90m, 12h, 30d, 8w.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    before: Annotated[
        int | None, typer.Option(min=0, help="What stands before this position.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what people and programs did, newest first; times are UTC.

    For example:

    ```
    nofx audit list --since 7d --action memory.read
    nofx audit list --subject session/session_01hxqg5t0kc8f2v7w3m9b4n6ry --json
    ```
    """
    from bot.cli import audit_words  # noqa: PLC0415  # help can spare pydantic

    begin = SystemClock().now() - span(since) if since is not None else None
    query = {
        "actor": actor,
        "action": action,
        "subject": subject,
        "since": begin.isoformat() if begin is not None else None,
        "limit": str(limit),
        "before": str(before) if before is not None else None,
        "order": "desc",
    }
    found = ask(context, "GET", "/audit", query=query)
    show(found, audit_words.entries, as_json=as_json)


@audit.command()
@guarded
def verify(
    context: typer.Context,
    *,
    against: Annotated[
        str | None,
        typer.Option(help="A head that was printed earlier and kept elsewhere."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove that no entry was changed or taken out; exit code 1 when one was.

    Entries cut off the very end, or a chain written anew, show only against a head that
    was kept elsewhere: print it, keep it, give it next time.

    For example:

    ```
    nofx audit verify
    nofx audit verify --against HEAD
    ```
    """

    async def prove(base: "Base", kept: "Head | None") -> "AuditProof":
        from core.audit.proof import AuditProver  # noqa: PLC0415  # help can spare it

        return await AuditProver(base.runs.journal).prove(kept)

    from core.audit.places import Head  # noqa: PLC0415  # as above

    kept = Head.of(against) if against is not None else None
    try:
        with working("Walking the audit"):
            proof = run(
                context,
                lambda service, settings: service.on_base(
                    settings, lambda base: prove(base, kept)
                ),
            )
    except AuditBrokenError as error:
        _tell_broken(error, as_json=as_json)
        raise typer.Exit(Exit.FOUND) from None
    if as_json:
        facts = {
            "intact": True,
            "volumes": proof.volumes,
            "entries": proof.entries,
            "head": str(proof.head),
            "anchored": proof.anchored,
        }
        emit(json.dumps(facts, indent=2) + "\n")
        return
    held = (
        "The head that you kept is part of it.\n"
        if proof.anchored
        else "Not compared with a head that you kept: see --against.\n"
    )
    entries = counted(proof.entries, "entry")
    volumes = counted(proof.volumes, "volume")
    emit(f"Intact: {entries} in {volumes}.\n{held}Head:   {proof.head}\n")


@audit.command()
@guarded
def head(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print where the audit ends, to be kept where nobody here can change it.

    For example:

    ```
    nofx audit head >> /mnt/elsewhere/nofx-audit-heads
    ```
    """
    found = run(
        context,
        lambda service, settings: service.on_base(
            settings, lambda base: base.audit.head()
        ),
    )
    emit(json.dumps({"head": str(found)}) + "\n" if as_json else f"{found}\n")


def _tell_broken(error: AuditBrokenError, *, as_json: bool) -> None:
    entry, reason = str(error.facts["entry"]), str(error.facts["reason"])
    if as_json:
        facts = {"intact": False, "entry": entry, "reason": reason}
        emit(json.dumps(facts, indent=2) + "\n")
        return
    emit(f"BROKEN at entry {entry}: {one_line(reason)}.\n{error.way_out}\n")
