"""The end of the feed as one process follows it, for however many listeners."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from typing_extensions import override

from bot.api.stream_endings import TokenEnd
from bot.api.stream_listener import Listener, Why
from bot.api.stream_outlet import Outlet
from core.access.service import Tokens
from core.access.store import TokenStore
from core.access.tokens import Scope
from core.clock import Clock, Ids
from core.events.bus import Bus
from core.events.journal import Journal
from core.feed.feeder import Feeder
from core.feed.page import FeedEntry
from core.feed.query import ALL, EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import Replay
from core.live.cursor import Start
from core.live.frames import KEEP_ALIVE
from core.live.tail import Tail, TailPace
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.event_stream import Message, StreamParser
from tests.fakes.histories import append
from tests.fakes.trimming import trimmed
from tests.fakes.waiting import eventually

NOTHING = EventFilter(types=("moon.risen",))


class CountingReader(FeedReader):
    """A reader that says how often it was asked for entries."""

    asked = 0

    @override
    async def after(self, position: int, *, limit: int = 500) -> tuple[FeedEntry, ...]:
        self.asked += 1
        return await super().after(position, limit=limit)


class Notebook(Outlet):
    """An outlet that keeps what was written to it."""

    def __init__(self, clock: Clock) -> None:
        self.written_at = clock.monotonic()
        self.written: list[bytes] = []
        self.parser = StreamParser()
        self.messages: list[Message] = []
        self._clock = clock

    @property
    def positions(self) -> list[int]:
        """Return the positions of the events that were written."""
        return [int(one.last_id) for one in self.messages if one.name == "message"]

    @property
    @override
    def gone(self) -> bool:
        return False

    @override
    async def send(self, data: bytes) -> None:
        self.written.append(data)
        self.written_at = self._clock.monotonic()
        self.messages += self.parser.feed(data)


@dataclass
class Scene:
    """One process: its journal, its feeder, its tail, and a clock that stands still."""

    clock: FakeClock
    journal: Journal
    feeder: Feeder
    reader: CountingReader
    tail: Tail
    bus: Bus

    async def happen(self, stream: str, seqs: range) -> None:
        """Append and feed some events, and wake who waits for pages."""
        for seq in seqs:
            await append(self.journal, self.clock, stream, seq)
        await self.feeder.feed_once()
        self.bus.paged.ring()

    async def reached(self, position: int) -> None:
        """Return once the tail has come to a position."""
        while self.tail.head < position:
            self.bus.paged.ring()
            await self.clock.advance(0.02)
            await asyncio.sleep(0.005)


@pytest.fixture
async def scene(database: Database) -> AsyncIterator[Scene]:
    """Give a process on an empty database."""
    clock, bus = FakeClock(), Bus()
    reader = CountingReader(database)
    journal = Journal(database, clock=clock, ids=Ids(clock), bus=bus)
    yield Scene(
        clock=clock,
        journal=journal,
        feeder=Feeder(database, holder="f", clock=clock, bus=bus),
        reader=reader,
        tail=Tail(
            reader,
            Replay(database),
            bus=bus,
            clock=clock,
            pace=TailPace(warm=50, batch=20),
        ),
        bus=bus,
    )
    await journal.close()


async def listen(
    scene: Scene, wanted: EventFilter
) -> tuple[Notebook, asyncio.Task[Why]]:
    """Begin to listen from now on; returns once that is told."""
    notebook = Notebook(scene.clock)
    listener = Listener(scene.tail, notebook, wanted, endings=())
    task = asyncio.create_task(listener.listen(Start(scene.tail.head)))
    await eventually(lambda: bool(notebook.messages))
    return notebook, task


async def test_nobody_listens_and_nothing_is_asked(scene: Scene) -> None:
    """The first who comes finds the end of the feed; after the last one it is quiet."""
    await scene.happen("x/1", range(1, 4))
    await scene.clock.advance(60)
    assert scene.reader.asked == 0
    async with scene.tail.listening():
        assert scene.tail.head == 3
    asked = scene.reader.asked
    await scene.happen("x/1", range(4, 6))
    await scene.clock.advance(60)
    assert scene.reader.asked == asked
    async with scene.tail.listening():
        assert scene.tail.head == 5


async def test_equal_filters_share_one_copy_of_the_bytes(scene: Scene) -> None:
    """A thousand listeners to the same events cost one encoding."""
    async with scene.tail.listening():
        await scene.happen("x/1", range(1, 4))
        await scene.reached(3)
        chunks = [await scene.tail.read(0, EventFilter()) for _ in range(3)]
        assert len({id(one) for one in chunks}) == 1
        first = chunks[0]
        assert first is not None
        assert (first.begins, first.to, len(first.frames)) == (1, 3, 3)
        assert await scene.tail.read(3, ALL) is None


async def test_many_who_come_back_ask_the_database_once(scene: Scene) -> None:
    """What is older than the frames at hand is read in blocks, each once for all."""
    await scene.happen("x/1", range(1, 261))
    async with scene.tail.listening():
        scene.reader.asked = 0
        reads = (scene.tail.read(7, ALL) for _ in range(500))
        chunks = await asyncio.gather(*reads)
        assert scene.reader.asked == 1
        assert {one.begins for one in chunks if one} == {8}
        assert len({id(one) for one in chunks}) == 1


async def test_who_slept_while_the_feed_was_trimmed_goes_on_from_what_is_kept(
    scene: Scene, database: Database
) -> None:
    """The listeners are told of it, and are not left waiting for ever."""
    async with scene.tail.listening():
        notebook, task = await listen(scene, ALL)
        for number in range(1, 5):
            await append(scene.journal, scene.clock, f"x/{number}", 1)
            await scene.feeder.feed_once()
        await trimmed(database, scene.clock)
        await append(scene.journal, scene.clock, "x/9", 1)
        await scene.feeder.feed_once()
        await scene.reached(5)
        await eventually(lambda: bool(notebook.positions))
        told = notebook.messages[1]
        assert (told.name, told.value["reason"]) == ("stream.reset", "trimmed")
        assert notebook.positions == list(range(told.value["oldest"], 6))
        await eventually(lambda: notebook.messages[-1].name == "stream.live")
        task.cancel()


async def test_every_position_leads_through_the_whole_feed(scene: Scene) -> None:
    """Blocks, frames at hand and the index fit together, wherever one begins."""
    await scene.happen("x/1", range(1, 261))
    odd = EventFilter(words=frozenset({"x", "1_17"}) - {"x"})
    async with scene.tail.listening():
        for begin in (0, 1, 149, 199, 200, 208, 209, 210, 211, 259):
            for wanted in (ALL, NOTHING, odd):
                position, got = begin, list[int]()
                while chunk := await scene.tail.read(position, wanted):
                    assert chunk.begins == position + 1
                    assert chunk.to > position
                    position = chunk.to
                    got += [one.position for one in chunk.frames]
                assert position == 260
                assert got == (list(range(begin + 1, 261)) if wanted == ALL else [])


async def test_silence_is_broken_by_a_comment_after_fifteen_seconds(
    scene: Scene,
) -> None:
    """What lies between a client and here closes connections that are silent."""
    async with scene.tail.listening():
        notebook, task = await listen(scene, ALL)
        assert [one.name for one in notebook.messages] == ["stream.live"]
        await scene.clock.advance(14)
        assert KEEP_ALIVE not in notebook.written
        await scene.clock.advance(6)
        assert notebook.written[-1] == KEEP_ALIVE
        scene.tail.close()
        assert await task is Why.SHUTDOWN
        assert notebook.parser.retry is not None


async def test_a_quiet_filter_moves_the_cursor(scene: Scene) -> None:
    """By a bookmark instead of a comment, with an id and with data."""
    async with scene.tail.listening():
        notebook, task = await listen(scene, NOTHING)
        await scene.happen("x/1", range(1, 6))
        await scene.reached(5)
        await scene.clock.advance(20)
        await eventually(lambda: len(notebook.messages) > 1)
        mark = notebook.messages[1]
        assert (mark.name, mark.last_id) == ("stream.bookmark", "5")
        assert mark.value == {"position": 5}
        await scene.happen("x/2", range(1, 1010))
        await scene.reached(1014)
        await eventually(lambda: len(notebook.messages) > 2)
        assert int(notebook.messages[2].last_id) >= 1005
        task.cancel()


async def test_a_revoked_token_is_noticed_within_a_minute(database: Database) -> None:
    """However many streams it has, it is looked up once in half a minute."""
    clock = FakeClock()
    tokens = Tokens(TokenStore(database), clock=clock, ids=Ids(clock))
    token = (await tokens.create([Scope.READ])).token
    brief = (await tokens.create([Scope.READ], life=timedelta(minutes=5))).token
    end = TokenEnd(tokens, clock)
    assert await end.of(token) is None
    assert await end.of(brief) is None
    await tokens.revoke(token.prefix)
    clock.jump(30)
    assert await end.of(token) is Why.REFUSED
    assert await end.of(brief) is None
    clock.jump(270)
    assert await end.of(brief) is Why.REFUSED
