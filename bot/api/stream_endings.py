"""What ends a stream from our side: its run is over, or its token counts no more."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from cachetools import LRUCache

from bot.api.stream_listener import Why
from core.access.service import Tokens
from core.access.tokens import Token
from core.clock import Clock
from core.errors import CursorTrimmedError, StoreUnavailableError
from core.feed.query import EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import Replay
from core.live.frames import Frame
from core.runs.evolve import fold
from core.runs.model import stream_of
from core.runs.service import Runs
from core.runs.states import RUN

LOOK_SECONDS = 15.0
TOKEN_SECONDS = 30.0
MOST_TOKENS = 1000
log = structlog.get_logger()


class RunStory:
    """One run's events in the feed: where they begin, and when all of them are told.

    Whether the run is over is looked up in the journal when a frame says so; and when
    the list of runs does, now and then, for a filter can leave that frame out.
    """

    def __init__(
        self, runs: Runs, reader: FeedReader, replay: Replay, run_id: str
    ) -> None:
        self._runs = runs
        self._reader = reader
        self._replay = replay
        self._wanted = EventFilter(run_id=run_id)
        self._run_id = run_id
        self._expected = False
        self._look_at = 0.0

    async def begin(self) -> int:
        """Return a position before the run's first event, with none of it before."""
        page = await self._replay.page(self._wanted, limit=1)
        if page.entries:
            return page.entries[0].position - 1
        return page.head if page.next is None else page.next

    async def told_by(self, position: int) -> bool:
        """Return whether the run is over and nothing of it follows a position."""
        if await self._end() is None:
            return False
        try:
            page = await self._replay.page(self._wanted, after=position, limit=1)
        except CursorTrimmedError:
            return False
        return not (page.entries or page.partial)

    async def ending(self, frames: Sequence[Frame], position: int) -> Why | None:
        """Return ENDED once everything was told to whom has come to a position."""
        self._expected = self._expected or any(_says_so(one) for one in frames)
        now = self._runs.clock.monotonic()
        if frames or not (self._expected or now >= self._look_at):
            return None
        self._look_at = now + LOOK_SECONDS
        if not (self._expected or await self._is_listed_as_over()):
            return None
        end = await self._end()
        over = end is not None and await self.told_by(position)
        return Why.ENDED if over else None

    async def _is_listed_as_over(self) -> bool:
        """Return what the list of runs knows: it costs little, however long the run."""
        shown = await self._runs.projection.get(self._run_id)
        return shown is None or shown["status"] in RUN.terminal

    async def _end(self) -> int | None:
        """Return a position by which the whole run is told, None before its end."""
        commits = await self._runs.journal.read(stream_of(self._run_id))
        if not fold(self._run_id, commits).terminal:
            return None
        last = commits[-1]
        return await self._reader.holding(last.writer, last.wseq)


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
