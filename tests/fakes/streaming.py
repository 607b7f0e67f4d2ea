"""A client of the event streams, and a feed that it can listen to, for one test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse

from core.clock import SystemClock
from core.events.commit import Commit
from core.feed.feeder import Feeder, Pace
from core.feed.reader import FeedReader
from tests.fakes.api import ApiStage
from tests.fakes.event_stream import Message, StreamParser
from tests.fakes.histories import append

QUICK_FEED = Pace(longest=0.02)


@dataclass
class Stream:
    """One open stream: what was received, and what is known of the connection."""

    response: ClientResponse
    parser: StreamParser = field(default_factory=StreamParser)
    messages: list[Message] = field(default_factory=list)

    @property
    def positions(self) -> list[int]:
        """Return the positions of the events, control frames left out."""
        return [int(one.last_id) for one in self.messages if one.name == "message"]

    @property
    def controls(self) -> list[str]:
        """Return the names of the frames about the stream itself."""
        return [one.name for one in self.messages if one.name != "message"]

    def named(self, name: str) -> Message:
        """Return the first message of a name."""
        return next(one for one in self.messages if one.name == name)

    async def until(self, happened: Callable[["Stream"], bool]) -> None:
        """Read until something is so; fails when the stream ends before."""
        while not happened(self):
            data = await self.response.content.readany()
            assert data, f"the stream ended after {self.messages}"
            self.messages += self.parser.feed(data)

    async def until_live(self) -> None:
        """Read until everything there was has been told."""
        await self.until(lambda stream: "stream.live" in stream.controls)

    async def until_told(self, count: int) -> None:
        """Read until so many events have come."""
        await self.until(lambda stream: len(stream.positions) >= count)

    async def rest(self) -> None:
        """Read until the server ends the stream."""
        while data := await self.response.content.readany():
            self.messages += self.parser.feed(data)


@asynccontextmanager
async def listening(
    api: ApiStage,
    path: str = "/events/stream",
    *,
    secret: str | None = None,
    last_id: str | None = None,
    **more: Any,
) -> AsyncIterator[Stream]:
    """Open a stream as one client, and leave it with the body."""
    known = await api.token() if secret is None else secret
    headers = {"Authorization": f"Bearer {known}"} if known else {}
    headers |= {"Last-Event-ID": last_id} if last_id is not None else {}
    async with api.client.get(path, headers=headers, **more) as response:
        yield Stream(response)


@asynccontextmanager
async def feeding(api: ApiStage) -> AsyncIterator[None]:
    """Feed beside the body, in the same process."""
    base = api.base
    feeder = Feeder(
        base.database, holder="f", clock=SystemClock(), bus=base.bus, pace=QUICK_FEED
    )
    task = asyncio.create_task(feeder.run())
    try:
        yield
    finally:
        feeder.stop()
        await task


async def happen(api: ApiStage, stream: str, seqs: range) -> None:
    """Append commits of one event each to a stream, and wait until they are fed."""
    commit: Commit | None = None
    for seq in seqs:
        commit = await append(api.base.runs.journal, api.base.clock, stream, seq)
    reader = FeedReader(api.base.database)
    while commit is not None:
        if await reader.holding(commit.writer, commit.wseq) is not None:
            return
        await asyncio.sleep(0.005)
