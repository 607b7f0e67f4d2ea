"""The rules of the feed's order: which commit comes next, and where a page ends."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.events.base import JSON
from core.events.commit import Commit
from core.feed.page import MOST_BYTES, MOST_ENTRIES, FeedEntry, Head, Page, Part
from core.feed.subject import NOBODY, About

ENTRY_OVERHEAD = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A commit as its writer's log has it; events as they are stored."""

    writer: str
    wseq: int
    stream: str
    seq: int
    time: datetime
    events: tuple[JSON, ...]
    about: About = NOBODY

    @property
    def last_id(self) -> str:
        """Return the id of its last event."""
        return f"{self.stream}:{self.seq}.{len(self.events) - 1}"

    @property
    def ends_log(self) -> bool:
        """Return whether this is its writer's last entry."""
        return any(
            event["type"] == "writer.retired" and event["data"]["writer"] == self.writer
            for event in self.events
        )


def logged(document: Mapping[str, Any]) -> Logged:
    """Read a journal document, without looking into its events."""
    names = ("writer", "wseq", "stream", "seq", "time")
    values = {name: document[name] for name in names}
    return Logged(**values, events=tuple(document["events"]))


def just_logged(commit: Commit) -> Logged:
    """Return a commit as a journal document would be read."""
    return Logged(
        writer=commit.writer,
        wseq=commit.wseq,
        stream=commit.stream,
        seq=commit.seq,
        time=commit.time,
        events=commit.stored_events(),
    )


def contiguous(log: Iterable[Logged], after: int) -> tuple[Logged, ...]:
    """Return the commits of one writer that follow number `after` without a gap."""
    found: list[Logged] = []
    for commit in sorted(log, key=lambda one: one.wseq):
        if commit.wseq != after + len(found) + 1:
            break
        found.append(commit)
    return tuple(found)


def in_order(
    logs: Mapping[str, Sequence[Logged]],
    fed: Mapping[str, int],
    *,
    first: str | None = None,
) -> list[Logged]:
    """Merge the writers' logs by time; a commit waits for its stream's commit before.

    `fed` gives the last fed sequence of each stream that matters here. A commit whose
    predecessor is neither fed nor in these logs stays out, with all that its writer
    appended later. `first` names the writer whose next commit must come first.
    """
    reached = dict(fed)
    left = {writer: list(reversed(log)) for writer, log in logs.items() if log}
    merged: list[Logged] = []
    if first is not None and first not in left:
        return []

    def ready(writer: str) -> bool:
        commit = left[writer][-1]
        return commit.seq == 1 or reached.get(commit.stream, 0) >= commit.seq - 1

    while left:
        able = [one for one in left if ready(one)] if first is None else [first]
        if not able:
            break
        writer = min(able, key=lambda one: (left[one][-1].time, one))
        first = None
        commit = left[writer].pop()
        reached[commit.stream] = max(commit.seq, reached.get(commit.stream, 0))
        merged.append(commit)
        if not left[writer]:
            del left[writer]
    return merged


def pages(
    head: Head, commits: Iterable[Logged], *, most: int = MOST_ENTRIES
) -> Iterator[Page]:
    """Lay the commits out in pages that follow `head`; a page is never empty.

    A commit that does not fit is split, and the page's head says how far it got. When
    `head` itself says so, the first commit is the one to go on with. `most` is entries
    a page, at most MOST_ENTRIES.
    """
    page = _Filling(head, most)
    begun = head.part.events if head.part else 0
    for commit in commits:
        for index, event in enumerate(commit.events[begun:], start=begun):
            size = ENTRY_OVERHEAD + len(json.dumps(event["data"], default=str))
            if page.is_full(size):
                page.part = Part(commit.writer, index) if index else None
                yield page.closed()
                page = _Filling(page.head(), most)
            page.add(commit, index, event, size)
        begun, page.part = 0, None
        page.cursors[commit.writer] = commit.wseq
    if page.entries:
        yield page.closed()


class _Filling:
    """A page that takes entries until it is full."""

    def __init__(self, head: Head, most: int) -> None:
        self.entries: list[FeedEntry] = []
        self.cursors = dict(head.cursors)
        self.part: Part | None = head.part
        self._position = head.position
        self._bytes = 0
        self._most = most

    def is_full(self, size: int) -> bool:
        """Return whether an entry of this size belongs on the next page."""
        too_many = len(self.entries) >= self._most
        return too_many or (bool(self.entries) and self._bytes + size > MOST_BYTES)

    def add(self, commit: Logged, index: int, event: JSON, size: int) -> None:
        """Give an event the next position."""
        self._position += 1
        self._bytes += size
        self.entries.append(
            FeedEntry(
                position=self._position,
                id=f"{commit.stream}:{commit.seq}.{index}",
                type=event["type"],
                time=commit.time,
                stream=commit.stream,
                data=event["data"],
                about=commit.about,
            )
        )

    def head(self) -> Head:
        """Return the feed's head with this page in it."""
        return Head(position=self._position, cursors=self.cursors, part=self.part)

    def closed(self) -> Page:
        """Return the page as it is stored."""
        return Page(entries=tuple(self.entries), head=self.head())


def without(head: Head, writers: Iterable[str]) -> Head:
    """Return the head without the cursors of writers whose logs have ended."""
    gone = set(writers)
    kept = {name: wseq for name, wseq in head.cursors.items() if name not in gone}
    return replace(head, cursors=kept)
