"""Processes that tell of deliveries, and that die or are cut off while they do."""

import asyncio
from collections.abc import Iterable
from typing import Any

from typing_extensions import override

from bot.webhooks.announcer import Announcer
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Arrival, arrived
from bot.webhooks.news import Mask, Untold
from bot.webhooks.outbox import LEFT, Outbox
from bot.webhooks.outcome import Ignored
from bot.webhooks.place import Place
from core.clock import Clock, Ids
from core.errors import StoreUnavailableError
from core.events.commit import Commit, Draft, verify_chain
from core.events.journal import Journal
from core.store.database import Database
from tests.fakes.inboxes import take

PLACE = Place(repository="octo/hello", pull=7, installation_id=42)
LATER = LEFT.total_seconds() + 1


def arrival(guid: str = "a", ignored: str | None = None) -> Arrival:
    """Return a delivery about a pull request."""
    made = arrived(guid=guid, event="pull_request", action="opened", body=b"{}")
    return Arrival(
        guid=made.guid,
        event=made.event,
        action=made.action,
        packed=made.packed,
        digest=made.digest,
        ignored=ignored,
        place=PLACE,
    )


def masked(text: str) -> str:
    """Return a text without the one secret that there is."""
    return text.replace("hunter2", "[masked]")


class Process:
    """One process's deliveries, journal and announcer."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        journal: Journal | None = None,
        mask: Mask = masked,
    ) -> None:
        self.mask = mask
        self.deliveries = Deliveries(database, clock=clock)
        self.journal = journal or Journal(database, clock=clock, ids=Ids(clock))
        self.outbox = Outbox(database, name=self.deliveries.name, clock=clock)
        self.announcer = self.with_outbox(self.outbox, clock)

    def with_outbox(self, outbox: Outbox, clock: Clock) -> Announcer:
        """Return an announcer over another outbox."""
        return Announcer(
            outbox,
            self.journal,
            news=self.deliveries.news,
            mask=self.mask,
            clock=clock,
        )

    async def end(self, reason: str, *, dead: bool = False) -> None:
        """Work on the delivery that is due, up to this end."""
        held = await take(self.deliveries, seconds=30)
        if dead:
            await self.deliveries.bury(held, reason)
        else:
            await self.deliveries.finish(held, Ignored(reason))


async def until_told(store: Database, guid: str) -> None:
    """Return once the journal tells of a delivery; a test's time-out ends the wait."""
    while True:
        if await story(store, guid):
            return
        await asyncio.sleep(0.01)


async def story(store: Database, guid: str = "a") -> list[tuple[int, str, Any]]:
    """Return what the journal tells of a delivery, whose chain must hold."""
    found = await store.db.journal.find({"stream": f"delivery/{guid}"}).to_list(None)
    found.sort(key=lambda one: int(one["seq"]))
    verify_chain(found)
    return [
        (one["seq"], event["type"], event["data"])
        for one in found
        for event in one["events"]
    ]


def types(told: Iterable[tuple[int, str, Any]]) -> list[tuple[int, str]]:
    """Return what was told without its data."""
    return [(seq, kind) for seq, kind, _ in told]


class Killed(BaseException):
    """The process is gone."""


class Fuse:
    """Burns down with each write of a process; then all of them fail."""

    def __init__(self, writes: int, *, after: bool) -> None:
        self.left = writes
        self.after = after

    def burn(self, *, done: bool) -> None:
        """Count a write that is about to be done, or was done."""
        if done == self.after:
            self.left -= 1
        if self.left < 0:
            raise Killed


class MortalJournal(Journal):
    """A journal whose process dies at a write."""

    fuse: Fuse

    @override
    async def append(self, draft: Draft) -> Commit:
        self.fuse.burn(done=False)
        commit = await super().append(draft)
        self.fuse.burn(done=True)
        return commit


class MortalOutbox(Outbox):
    """An outbox whose process dies at a write."""

    fuse: Fuse

    @override
    async def told(self, deliveries: Iterable[Untold]) -> None:
        self.fuse.burn(done=False)
        await super().told(deliveries)
        self.fuse.burn(done=True)


class AwayOutbox(Outbox):
    """An outbox whose database is away for some calls."""

    away = 2

    @override
    async def own(self, *, most: int) -> list[Untold]:
        if self.away:
            self.away -= 1
            raise StoreUnavailableError(reason="away")
        return await super().own(most=most)
