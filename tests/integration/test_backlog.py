"""Older events for who comes late: each is read once on the way to the end."""

import random
from typing import Any

import pytest
from typing_extensions import override

from bot.schema import SCHEMA
from core.feed.query import EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import EventPage, Replay
from core.live import recent
from core.live.backlog import Backlog
from core.store.database import Database
from core.store.migrate import migrate
from tests.fakes.feeds import entries, lay

MANY = 300


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
    await migrate(database, SCHEMA)
    rng = random.Random(4)  # noqa: S311 # a feed from a number
    found = entries(MANY, rng)
    await lay(database, found, rng, most=50)
    replay = CountingReplay(database)
    backlog = Backlog(FeedReader(database), replay)
    wanted = EventFilter(types=("step.started",))

    position, told, chunks = 0, list[int](), 0
    while position < MANY:
        chunk = await backlog.after(position, wanted)
        assert chunk is not None
        assert (chunk.begins, chunk.data == b"") == (position + 1, not chunk.frames)
        position, chunks = chunk.to, chunks + 1
        told += [one.position for one in chunk.frames]
    assert told == [one.position for one in found if one.type == "step.started"]
    assert replay.pages <= chunks // 32 + 1
    assert position == MANY
