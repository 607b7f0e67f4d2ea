"""What works for all who wait names none of them in its log lines."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
import structlog
from typing_extensions import override

from core.clock import SystemClock
from core.errors import StoreUnavailableError
from core.events.bus import Bus
from core.feed.page import FeedEntry
from core.feed.query import EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import Replay
from core.live.backlog import BLOCK, Backlog
from core.live.tail import Tail
from core.store.grouped import GroupedWrites
from tests.fakes.log_lines import production_log

log = structlog.get_logger("test")


class AwayReader(FeedReader):
    """A feed whose database goes away once the head is known; it says so each time."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    @override
    async def head(self) -> int:
        return 3

    @override
    async def after(self, position: int, *, limit: int = 500) -> tuple[FeedEntry, ...]:
        log.info("reading")
        self.asked.set()
        raise StoreUnavailableError(reason="gone")


class NoReplay(Replay):
    """Pages of a feed that nobody narrows here."""

    def __init__(self) -> None:
        pass


async def grouped() -> None:
    """Write with others."""

    async def write(items: Sequence[int]) -> Sequence[int]:
        log.info("writing")
        return items

    await GroupedWrites(write).add(1)


async def listened() -> None:
    """Listen to the feed with others."""
    tail = Tail(AwayReader(), NoReplay(), bus=Bus(), clock=SystemClock())
    with pytest.raises(StoreUnavailableError):
        async with tail.listening():
            pass


async def looked_back() -> None:
    """Read a block of old events with others."""
    with pytest.raises(StoreUnavailableError):
        await Backlog(AwayReader(), NoReplay()).after(BLOCK * 7, EventFilter())


@pytest.mark.parametrize("work", [grouped, listened, looked_back])
async def test_it_names_none_of_them(work: Callable[[], Awaitable[None]]) -> None:
    """It goes on when the one who happened to begin it has long gone."""
    with (
        production_log() as logged,
        structlog.contextvars.bound_contextvars(request_id="req_1", run_id="run_1"),
    ):
        log.info("before")
        await work()
    before, *lines = logged.lines()
    assert before["request_id"] == "req_1"
    assert lines
    for line in lines:
        assert "request_id" not in line
        assert "run_id" not in line
