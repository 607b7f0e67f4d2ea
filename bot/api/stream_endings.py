"""What ends a stream from our side: its run is over, or its token counts no more."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from cachetools import LRUCache

from bot.api.stream_listener import Why
from core.access.service import Tokens
from core.access.tokens import Token
from core.clock import Clock
from core.errors import StoreUnavailableError
from core.events.feed_reader import FeedReader
from core.events.frames import Frame
from core.events.live import Tail
from core.events.query import EventFilter
from core.runs.evolve import fold
from core.runs.model import stream_of
from core.runs.service import Runs
from core.runs.states import RUN

LOOK_SECONDS = 15.0
TOKEN_SECONDS = 30.0
# How far behind the head it is still looked for what a client has not seen.
MOST_CHUNKS = 25
MOST_TOKENS = 1000
log = structlog.get_logger()


class RunEnd:
    """Tells when one run is over and a listener at the head has been told all of it.

    It looks at the journal when a frame says that the run has ended, and now and then,
    for a filter can leave that frame out.
    """

    def __init__(self, runs: Runs, reader: FeedReader, tail: Tail, run_id: str) -> None:
        self._runs = runs
        self._reader = reader
        self._tail = tail
        self._run_id = run_id
        self._ended_at: int | None = None
        self._expected = False
        self._look_at = 0.0

    async def __call__(self, frames: Sequence[Frame]) -> Why | None:
        """Return ENDED once everything was told up to the end."""
        self._expected = self._expected or any(_says_so(one) for one in frames)
        now = self._runs.clock.monotonic()
        if frames or not (self._expected or now >= self._look_at):
            return None
        self._look_at = now + LOOK_SECONDS
        if self._ended_at is None:
            self._ended_at = await self.position()
        passed = self._ended_at is not None and self._tail.head >= self._ended_at
        return Why.ENDED if passed else None

    async def position(self) -> int | None:
        """Return a position by which the whole run is told, None before its end."""
        commits = await self._runs.journal.read(stream_of(self._run_id))
        if not fold(self._run_id, commits).terminal:
            return None
        last = commits[-1]
        return await self._reader.holding(last.writer, last.wseq)

    async def told_by(self, position: int) -> bool:
        """Return whether the run is over and nothing of it follows a position.

        Someone far behind is not looked up: the stream itself will find out.
        """
        end = await self.position()
        if end is None:
            return False
        if end > self._tail.head:
            await self._tail.refresh()
        wanted = EventFilter(run_id=self._run_id)
        for _ in range(MOST_CHUNKS):
            chunk = await self._tail.read(position, wanted)
            if chunk is None or chunk.frames:
                return chunk is None
            position = chunk.to
        return False


@dataclass
class _Watched:
    token: Token
    look_at: float


class TokenEnd:
    """Tells, within a minute, that tokens were revoked or have expired.

    However many streams a token has open, it is looked up once.
    """

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock
        self._watched: LRUCache[str, _Watched] = LRUCache(MOST_TOKENS)

    async def of(self, token: Token) -> Why | None:
        """Return REFUSED once the token counts no more."""
        now = self._clock.monotonic()
        one = self._watched.get(token.prefix)
        if one is None:
            one = self._watched[token.prefix] = _Watched(token, now + TOKEN_SECONDS)
        if now >= one.look_at:
            one.look_at = now + TOKEN_SECONDS
            await self._look(one)
        return Why.REFUSED if one.token.ended(self._clock.now()) else None

    async def _look(self, one: _Watched) -> None:
        try:
            one.token = await self._tokens.named(one.token.prefix) or one.token
        except StoreUnavailableError as error:
            log.warning("stream.token_unknown", reason=str(error))


def _says_so(one: Frame) -> bool:
    entry = one.entry
    return entry.type.startswith("run.") and entry.data.get("to") in RUN.terminal
