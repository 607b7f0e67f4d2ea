"""Older events for who comes late: each is read once on the way to the end."""

import random
from typing import Any

import pytest
from typing_extensions import override

from core.feed.page import FeedEntry
from core.feed.query import ALL, EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import EventPage, Replay
from core.live import backlog, recent
from core.live.backlog import Backlog
from core.store.database import Database
from tests.fakes.feeds import entries, lay

MANY = 400


class CountingReader(FeedReader):
    """A reader that says how often it was asked for entries."""

    asked = 0

    @override
    async def after(self, position: int, *, limit: int = 500) -> tuple[FeedEntry, ...]:
        self.asked += 1
        return await super().after(position, limit=limit)


class CountingReplay(Replay):
    """A replay that says how many pages were asked of it."""

    pages = 0

    @override
    async def page(self, wanted: EventFilter, **more: Any) -> EventPage:
        self.pages += 1
        return await super().page(wanted, **more)


@pytest.mark.parametrize("length", [1, 1000, 16 * 1024])
async def test_a_page_is_read_once_however_many_chunks_it_makes(
    database: Database, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """Who wants some of the events is told all of those, in order, in short chunks."""
    monkeypatch.setattr(recent, "CHUNK_BYTES", length)
    rng = random.Random(4)  # noqa: S311 # a feed from a number
    found = entries(MANY, rng)
    await lay(database, found, rng, most=50)
    replay = CountingReplay(database)
    older = Backlog(FeedReader(database), replay)
    wanted = EventFilter(types=("step.started",))

    position, told, chunks = 0, list[int](), 0
    while position < MANY:
        chunk = await older.after(position, wanted)
        assert chunk is not None
        assert (chunk.begins, chunk.data == b"") == (position + 1, not chunk.frames)
        position, chunks = chunk.to, chunks + 1
        told += [one.position for one in chunk.frames]
    assert told == [one.position for one in found if one.type == "step.started"]
    assert replay.pages <= chunks // 32 + 1
    assert position == MANY


@pytest.mark.parametrize(("room", "asked"), [(backlog.MOST_BYTES, 2), (1, 4)])
async def test_blocks_are_kept_as_far_as_there_is_room(
    database: Database, monkeypatch: pytest.MonkeyPatch, room: int, asked: int
) -> None:
    """Many long events must not fill the memory."""
    monkeypatch.setattr(backlog, "MOST_BYTES", room)
    rng = random.Random(4)  # noqa: S311 # as above
    await lay(database, entries(MANY, rng), rng, most=50)
    reader = CountingReader(database)
    kept = Backlog(reader, Replay(database))
    for position in (0, 200, 1, 201):
        chunk = await kept.after(position, ALL)
        assert chunk is not None
        assert chunk.begins == position + 1
    assert reader.asked == asked
