"""Reads the audit by pages, narrowed by who did what, where and when."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.access.tokens import EVERYWHERE
from core.audit.ending import end_of, entry
from core.audit.places import Head, position, stream_of, volume_at
from core.events import schema
from core.events.commit import Commit
from core.events.journal import Journal

# So many volumes are looked through for one page.
REACH = 20
# Clocks of several processes may differ by less than this.
SLACK = timedelta(minutes=1)


def everything(_: str) -> bool:
    """Let every repository be seen."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An entry in its place; `hash` is of the commit that holds it."""

    position: int
    time: datetime
    recorded: schema.AuditRecorded
    commit: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; None wants any.

    Recorded at `since` or later, and before `until`. `sees` tells which repositories
    may be shown; entries about none are for those who see everything.
    """

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sees: Callable[[str], bool] = everything

    def matches(self, entry: AuditEntry) -> bool:
        """Return whether an entry is wanted and may be seen."""
        one = entry.recorded
        return (
            self.actor in (None, one.actor)
            and self.action in (None, one.action)
            and self.subject in (None, one.subject)
            and (self.since is None or entry.time >= self.since)
            and (self.until is None or entry.time < self.until)
            and self.sees(one.repository or EVERYWHERE[0])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Some entries; `next` is where to go on, None when nothing is left.

    There may be fewer than were asked for, and more to come. `head` is the chain's.
    """

    entries: tuple[AuditEntry, ...]
    next: int | None
    head: Head


class AuditReader:
    """Answers pages of the audit; each method raises StoreUnavailableError."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def page(
        self,
        wanted: AuditFilter,
        *,
        after: int = 0,
        before: int | None = None,
        newest_first: bool = False,
        limit: int = 50,
    ) -> AuditPage:
        """Return up to `limit` entries behind one position and before another."""
        head = await end_of(self._journal)
        found: list[AuditEntry] = []
        numbers = await self._volumes(wanted, head, after, before)
        if newest_first:
            numbers = numbers[::-1]
        for number in numbers[:REACH]:
            async for one in self._entries(number, newest_first=newest_first):
                inside = one.position > after and (
                    before is None or one.position < before
                )
                if inside and wanted.matches(one):
                    found.append(one)
                if len(found) > limit:
                    last = found[limit - 1].position
                    return AuditPage(entries=tuple(found[:limit]), next=last, head=head)
        left = numbers[REACH:]
        further = _edge(left[0], newest_first=newest_first) if left else None
        return AuditPage(entries=tuple(found), next=further, head=head)

    async def _volumes(
        self, wanted: AuditFilter, head: Head, after: int, before: int | None
    ) -> range:
        """Return the volumes in which there may be something, oldest first."""
        first, last = volume_at(after + 1), head.volume
        if before is not None:
            last = min(last, volume_at(before - 1))
        if wanted.since is not None:
            first = max(first, await self._last_begun(wanted.since - SLACK, last))
        if wanted.until is not None:
            last = min(last, await self._last_begun(wanted.until + SLACK, last))
        return range(first, last + 1)

    async def _last_begun(self, time: datetime, last: int) -> int:
        """Return the last volume that was begun by a time, the first if none was."""
        low, high = 1, last
        while low < high:
            middle = (low + high + 1) // 2
            begun = await entry(self._journal, middle, 1)
            if begun is not None and begun["time"] <= time:
                low = middle
            else:
                high = middle - 1
        return low

    async def _entries(
        self, volume: int, *, newest_first: bool
    ) -> AsyncIterator[AuditEntry]:
        commits = await self._journal.read(stream_of(volume))
        for commit in reversed(commits) if newest_first else commits:
            made = list(_entries_of(volume, commit))
            for one in reversed(made) if newest_first else made:
                yield one


def _entries_of(volume: int, commit: Commit) -> Iterator[AuditEntry]:
    for index, event in enumerate(commit.events):
        if isinstance(event, schema.AuditRecorded):
            yield AuditEntry(
                position=position(volume, commit.seq, index),
                time=commit.time,
                recorded=event,
                commit=f"{volume:06d}:{commit.seq}",
                hash=commit.stored_hash,
            )


def _edge(volume: int, *, newest_first: bool) -> int:
    """Return the cursor that goes on with a volume."""
    return position(volume + 1, 1, 0) if newest_first else position(volume, 1, 0) - 1
