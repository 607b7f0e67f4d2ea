"""One listener: replays what it has not seen, then tells what happens, to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum

from bot.api.stream_outlet import Outlet
from core.feed.query import EventFilter
from core.live.cursor import Reset, Start
from core.live.frames import KEEP_ALIVE, Frame, control
from core.live.recent import Chunk
from core.live.tail import Tail
from core.metrics import stream as metrics

SILENCE_SECONDS = 15.0
BOOKMARK_POSITIONS = 1000
RETURN_SECONDS = (1.0, 5.0)


class Why(StrEnum):
    """Why a stream ended."""

    CLIENT = "client"
    SLOW = "slow"
    SHUTDOWN = "shutdown"
    ENDED = "ended"
    OVERLOAD = "overload"
    REFUSED = "refused"
    AWAY = "away"


# Told the frames just sent, none at the head, and the position: why to end, if at all.
Ending = Callable[[Sequence[Frame], int], Awaitable[Why | None]]


class Listener:
    """Holds a position in the feed and nothing else that grows."""

    def __init__(
        self,
        tail: Tail,
        outlet: Outlet,
        wanted: EventFilter,
        *,
        endings: Sequence[Ending],
    ) -> None:
        self.position = 0
        self._tail = tail
        self._outlet = outlet
        self._wanted = wanted
        self._endings = endings
        self._told = 0
        self._live = False

    async def listen(self, start: Start) -> Why:
        """Send events from `start` on until something ends it; returns what did.

        Raises ConnectionError, and TimeoutError for a client that does not read.
        """
        self.position = self._told = start.position
        if start.reset is not None:
            await self._reset(start.reset, await self._tail.oldest())
        while not self._tail.closed:
            seen = self._tail.bell.rings
            chunk = await self._tail.read(self.position, self._wanted)
            if chunk is not None:
                await self._send(chunk)
            else:
                await self._go_live()
            why = await self._ended(chunk)
            if why is not None:
                return why
            if chunk is None:
                await self._tail.bell.rung(seen)
        await self._outlet.leave(*RETURN_SECONDS)
        return Why.SHUTDOWN

    def cut_off(self) -> None:
        """End the connection at once, whatever is still to be written."""
        self._outlet.abort()

    async def _send(self, chunk: Chunk) -> None:
        # Who asks for all from the beginning has nothing to drop.
        if chunk.begins > self.position + 1 and (self.position or self._live):
            await self._reset(Reset.TRIMMED, chunk.begins)
        self.position = chunk.to
        if chunk.data:
            await self._outlet.send(chunk.data)
            self._told = chunk.frames[-1].position
            metrics.EVENTS.inc(len(chunk.frames))
        if self.position - self._told >= BOOKMARK_POSITIONS:
            await self._tell("stream.bookmark")
        if not self._live:
            # Replaying must not keep everybody else waiting.
            await asyncio.sleep(0)
        elif chunk.frames:
            metrics.DELIVERY_SECONDS.observe(self._outlet.age(chunk.frames[0].entry))

    async def _go_live(self) -> None:
        if not self._live:
            self._live = True
            await self._tell("stream.live")
        elif self._outlet.gone:
            raise ConnectionResetError
        elif self._outlet.quiet() >= SILENCE_SECONDS:
            if self.position > self._told:
                await self._tell("stream.bookmark")
            else:
                await self._outlet.send(KEEP_ALIVE)

    async def _ended(self, chunk: Chunk | None) -> Why | None:
        for ending in self._endings:
            frames = chunk.frames if chunk is not None else ()
            why = await ending(frames, self.position)
            if why is Why.ENDED:
                await self._tell("stream.ended")
            if why is not None:
                return why
        return None

    async def _reset(self, reason: Reset, oldest: int) -> None:
        metrics.RESETS_SENT.inc(reason=str(reason))
        facts = {"reason": str(reason), "oldest": oldest, "head": self._tail.head}
        self.position = self._told = oldest - 1
        self._live = False
        frame = control("stream.reset", facts, position=self.position)
        await self._outlet.send(frame)

    async def _tell(self, name: str) -> None:
        position = self._told = self.position
        await self._outlet.send(
            control(name, {"position": position}, position=position)
        )
