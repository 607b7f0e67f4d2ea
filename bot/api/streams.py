"""`/events/stream` and `/runs/{run_id}/events/stream`: events as they happen.

Once a browser's EventSource has seen any status but 200 it never comes back by itself.
So whatever time can heal is answered with 200 and the moment to try again; a problem
document tells of what only people can put right, and 204 that a run is over.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from aiohttp import web

from bot.api import problems, requests
from bot.api.stream_audience import Audience
from bot.api.stream_endings import RunStory, TokenEnd
from bot.api.stream_listener import Ending, Listener, Why
from bot.api.stream_outlet import Outlet
from bot.api.stream_query import RunStreamQuery, StreamQuery
from bot.api.stream_slots import Slots
from bot.api.visitors import Visitors
from bot.base import Base
from core.access.tokens import Token
from core.errors import RunNotFoundError, UnavailableError
from core.feed.query import EventFilter
from core.feed.reader import FeedReader
from core.feed.replay import Replay
from core.live.cursor import Start, start
from core.live.tail import Tail
from core.runs.evolve import fold
from core.runs.model import stream_of

RETRY_SECONDS = (2.0, 4.0)
FULL_SECONDS = (30.0, 45.0)
AWAY_SECONDS = (5.0, 10.0)
# One that does not read must not keep the process from ending.
FAREWELL_SECONDS = 2.0
Understand = Callable[[web.Request, Token], Awaitable["Asked"]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A stream that was asked for and may be had; `run` ends it, where there is one."""

    token: Token
    wanted: EventFilter
    cursor: str | int | None
    run: RunStory | None = None


class Streams:
    """Answers both streams from one tail of the feed."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._reader = FeedReader(base.database)
        self._replay = Replay(base.database)
        self.tail = Tail(self._reader, self._replay, bus=base.bus, clock=base.clock)
        self._audience = Audience(self.tail)
        self._slots = Slots(base.streams)
        self._tokens = TokenEnd(base.tokens, base.clock)
        self._visitors = Visitors(base.tokens, base.tickets)

    def add_routes(self, app: web.Application) -> None:
        """Serve the streams on `app`, and end them before it stops."""
        app.router.add_get("/events/stream", partial(self._answer, self._all))
        path = "/runs/{run_id}/events/stream"
        app.router.add_get(path, partial(self._answer, self._of_run))

        async def close(_: web.Application) -> None:
            self.tail.close()
            await self._audience.see_off(FAREWELL_SECONDS)

        app.on_shutdown.append(close)
        self._audience.add_to(app)

    async def _answer(
        self, understand: Understand, request: web.Request
    ) -> web.StreamResponse:
        outlet = Outlet(request, clock=self._base.clock)
        try:
            visitor = await self._visitors.of(request)
            if visitor.session is not None:
                outlet.remember(visitor.session, secure=self._base.streams.secure)
            asked = await understand(request, visitor.token)
            return await self._stream(asked, outlet, request)
        except UnavailableError as error:
            log.warning("stream.waiting", reason=str(error))
            return await self._later(outlet, Why.AWAY, AWAY_SECONDS)
        except ConnectionError:
            # Who turns a page is gone before its stream has begun: that is no bug.
            self._audience.left(Why.CLIENT)
            return outlet.response
        except Exception as error:  # noqa: BLE001  # told, or logged with its trace
            answer = problems.told(request, error, self._base.ids)
            if not outlet.response.prepared:
                return answer
            # Who listens already is past every status: the stream ends.
            log.warning("stream.broken", reason=str(error))
            return outlet.response

    async def _all(self, request: web.Request, token: Token) -> Asked:
        query = requests.query_of(request, StreamQuery)
        wanted = query.wanted(token)
        return Asked(token=token, wanted=wanted, cursor=query.cursor(request))

    async def _of_run(self, request: web.Request, token: Token) -> Asked:
        run_id = requests.path_of(dict(request.match_info))["run_id"]
        query = requests.query_of(request, RunStreamQuery)
        commits = await self._base.runs.journal.read(stream_of(run_id))
        if not token.sees(fold(run_id, commits).subject.repository):
            raise RunNotFoundError(run_id=run_id)
        return Asked(
            token=token,
            wanted=query.filter(token, run_id=run_id),
            cursor=query.cursor(request),
            run=RunStory(self._base.runs, self._reader, self._replay, run_id),
        )

    async def _stream(
        self, asked: Asked, outlet: Outlet, request: web.Request
    ) -> web.StreamResponse:
        with self._slots.one(asked.token, outlet) as free:
            if not free:
                return await self._later(outlet, Why.OVERLOAD, FULL_SECONDS)
            async with self.tail.listening():
                begin = await self._start(asked)
                if asked.run is not None and await asked.run.told_by(begin.position):
                    return web.Response(status=204)
                await outlet.open()
                if request.method != "HEAD":
                    await self._listen(asked, outlet, begin)
                return outlet.response

    async def _start(self, asked: Asked) -> Start:
        if asked.run is not None and asked.cursor is None:
            return Start(await asked.run.begin())
        if asked.cursor is not None:
            await self.tail.oldest()
        found = start(asked.cursor, self.tail.head)
        if found.reset is None:
            return found
        # Another process may have given out what this one has not heard of yet.
        return start(asked.cursor, await self.tail.refresh())

    async def _listen(self, asked: Asked, outlet: Outlet, begin: Start) -> None:
        endings: Sequence[Ending] = (
            lambda *_: self._tokens.of(asked.token),
            *([asked.run.ending] if asked.run is not None else []),
        )
        listener = Listener(self.tail, outlet, asked.wanted, endings=endings)
        with self._audience.one(listener):
            try:
                await outlet.leave(*RETRY_SECONDS)
                why = await listener.listen(begin)
            except TimeoutError:
                outlet.abort()
                why = Why.SLOW
            except ConnectionError:
                why = Why.SHUTDOWN if self.tail.closed else Why.CLIENT
        self._audience.left(why)
        # Who is cut off complains; who goes by itself is nobody's concern.
        say = log.info if why is Why.SLOW else log.debug
        say("stream.ended", why=str(why), position=listener.position)

    async def _later(
        self, outlet: Outlet, why: Why, seconds: tuple[float, float]
    ) -> web.StreamResponse:
        self._audience.left(why)
        try:
            await outlet.open()
            await outlet.leave(*seconds)
        except ConnectionError:
            log.debug("stream.gone", why=str(why))
        except TimeoutError:
            outlet.abort()
        return outlet.response
