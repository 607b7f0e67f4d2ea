"""`nofx events verify|trim`: whether the feed is right, and what may leave it."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.exits import Exit
from bot.cli.running import run, working
from bot.cli.spans import span
from bot.plain import counted, one_line
from bot.terminal import emit
from core.errors import RetentionMissingError

# Only names for types: `nofx --help` must not wait for what they import.
if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.base import Base
    from bot.cli.service import Service
    from bot.settings import Settings
    from core.feed.proof import Proof
    from core.feed.trim import Trimmed

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


def verify(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Compare the feed with the journal, event by event; exit code 1 if they differ.

    It can run beside the work. What was trimmed is not compared.

    For example:

    ```
    nofx events verify
    ```
    """

    async def prove(base: "Base") -> "Proof":
        from core.feed.proof import FeedProver  # noqa: PLC0415  # help can spare

        return await FeedProver(base.database, clock=base.clock).prove()

    with working("Comparing the feed with the journal"):
        proof = run(context, lambda service, settings: service.on_base(settings, prove))
    if as_json:
        emit(json.dumps({**asdict(proof), "intact": proof.intact}, indent=2) + "\n")
    elif proof.difference is None:
        events = counted(max(0, proof.head - proof.oldest + 1), "event")
        streams = counted(proof.streams, "stream")
        begun = f", from position {proof.oldest}" if proof.oldest > 1 else ""
        emit(f"The feed is the journal's: {events} of {streams}{begun}.\n")
    else:
        emit(f"The feed differs: {one_line(proof.difference)}.\n")
    if not proof.intact:
        raise typer.Exit(Exit.FOUND)


def trim(
    context: typer.Context,
    *,
    older_than: Annotated[
        str | None,
        typer.Option(help="90m, 12h, 30d, 8w; else NOFX_EVENT_RETENTION days."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would go.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete old events from the feed, from its old end; the journal keeps them.

    Only whole pages go, of which every event is older and every run has ended. It is
    safe at any time: readers are told when they come too late.

    For example:

    ```
    nofx events trim --older-than 90d --dry-run
    nofx events trim
    ```
    """
    given = span(older_than) if older_than is not None else None

    async def call(base: "Base", age: timedelta) -> "Trimmed":
        from bot.trimming import trimmer_on  # noqa: PLC0415  # help can spare it

        trimmer = trimmer_on(base)
        return await (trimmer.preview(age) if dry_run else trimmer.trim(age))

    def trimming(
        service: "Service", settings: "Settings"
    ) -> "Coroutine[object, object, Trimmed]":
        age = _retention(settings) if given is None else given
        return service.on_base(settings, lambda base: call(base, age))

    with working("Looking for events that may go"):
        trimmed = run(context, trimming)
    if as_json:
        emit(json.dumps({**asdict(trimmed), "dry_run": dry_run}, indent=2) + "\n")
        return
    verb = "would go" if dry_run else "deleted"
    emit(
        f"{counted(trimmed.events, 'event')} in {counted(trimmed.pages, 'page')}"
        f" {verb}. Position {trimmed.oldest} stays: {one_line(trimmed.reason)}.\n"
    )


def _retention(settings: "Settings") -> timedelta:
    if not settings.event_retention:
        raise RetentionMissingError
    return timedelta(days=settings.event_retention)
