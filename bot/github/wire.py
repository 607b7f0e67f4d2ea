"""One identity's requests to GitHub: paced, timed, repeated where that is safe."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import structlog
from yarl import URL

from bot.github import counted
from bot.github.counted import BUDGETS
from bot.github.limits import Answer, LimitKind, Pause, Policy, backoff, pause, until
from core.clock import Clock
from core.errors import (
    GitHubAnswerTooLargeError,
    GitHubRateLimitedError,
    GitHubUnavailableError,
    UnclearAnswerError,
)

SERVER_ERROR = 500
CHUNK_BYTES = 65_536
_MANIFEST_CODE = re.compile(r"(/app-manifests/)[^/]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; `path` is its URL's path, for messages.

    `writes` puts it in the row of spaced writes; `repeatable` allows sending it again
    after an unclear answer; `limit` bounds the answer, in bytes. `guard` is called each
    time before a write is sent, and raises when it must not be.
    """

    method: str
    url: URL
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    writes: bool
    repeatable: bool
    limit: int
    guard: Callable[[], None] | None = None

    @property
    def path(self) -> str:
        """Return the path without its query, and without the code of a new App."""
        return _MANIFEST_CODE.sub(r"\1…", self.url.path)

    @property
    def resource(self) -> str:
        """Return which of GitHub's hourly budgets the request draws on."""
        return "graphql" if self.path.endswith("/graphql") else "rest"


@dataclass(slots=True)
class _Progress:
    """How a call has fared so far."""

    refusals: int = 0
    failures: int = 0
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class _Silence:
    """Until when nothing is asked, in seconds of the clock; and who wanted it so."""

    end: float = 0.0
    kind: LimitKind = LimitKind.PRIMARY
    status: int | None = None


class Wire:
    """Sends the requests of one identity; what one is told to wait for, all wait for.

    All waiting goes through `clock`.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        clock: Clock,
        api_url: str,
        policy: Policy,
    ) -> None:
        self.policy = policy
        self.api_url = api_url.rstrip("/")
        self._origin = URL(api_url).origin()
        self._session = session
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=policy.timeout_seconds)
        self._log = structlog.get_logger("nofx.github")
        self._silent: dict[str, _Silence] = {}
        self._writing = asyncio.Lock()
        self._next_write = 0.0

    async def send(self, request: Request) -> Answer:
        """Send until there is an answer below 500 that asks for no wait.

        Raises GitHubRateLimitedError when the wait is over the policy's patience,
        GitHubUnavailableError when attempts ran out, UnclearAnswerError when a request
        that is not repeatable may have been done.
        """
        if request.url.origin() != self._origin:
            raise GitHubUnavailableError(
                method=request.method,
                path=request.path,
                reason=f"the address is not on {self._origin}, so no token goes there",
            )
        progress = _Progress()
        while True:
            await self._wait_out(request.resource, progress)
            answer = await self._attempt(request, progress)
            if answer is None:
                continue
            wanted = pause(answer, now=self._clock.now(), refusals=progress.refusals)
            if wanted is None:
                return answer
            progress.refusals += 1
            self._hush(request, wanted, answer.status)

    async def _attempt(self, request: Request, progress: _Progress) -> Answer | None:
        try:
            answer = await self._in_turn(request)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            await self._failed(request, progress, counted.reason_of(error), sent=False)
            return None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            await self._failed(request, progress, counted.reason_of(error), sent=True)
            return None
        facts = {"method": request.method, "path": request.path}
        self._log.debug("github.answered", **facts, status=answer.status)
        if answer.status < SERVER_ERROR:
            return answer
        reason = f"it answered {answer.status}"
        await self._failed(request, progress, reason, sent=True, status=answer.status)
        return None

    async def _in_turn(self, request: Request) -> Answer:
        if not request.writes:
            return await self._exchange(request)
        async with self._turn(request.guard):
            return await self._exchange(request)

    @asynccontextmanager
    async def turn(self, guard: Callable[[], None] | None) -> AsyncIterator[None]:
        """Keep a turn in the row of writes for one that goes by another road.

        Raises GitHubRateLimitedError when the wait is over the policy's patience, and
        what `guard` raises.
        """
        await self._wait_out("graphql", _Progress())
        async with self._turn(guard):
            yield

    @asynccontextmanager
    async def _turn(self, guard: Callable[[], None] | None) -> AsyncIterator[None]:
        async with self._writing:
            wait = self._next_write - self._clock.monotonic()
            if wait > 0:
                await self._clock.sleep(wait)
            spacing = self.policy.write_spacing_seconds
            self._next_write = self._clock.monotonic() + spacing
            # All waiting is over: nothing stands between this and the sending.
            if guard is not None:
                guard()
            yield

    async def _exchange(self, request: Request) -> Answer:
        asking = counted.Asking(
            at=self._clock.now(),
            method=request.method,
            path=request.path,
            request=request.body,
            writes=request.writes,
        )
        with counted.asking(asking):
            return await self._asked(request, asking)

    async def _asked(self, request: Request, asking: counted.Asking) -> Answer:
        async with self._session.request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body,
            timeout=self._timeout,
        ) as response:
            asking.status = response.status
            BUDGETS.saw(self, response.headers)
            asking.answer = body = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                body += chunk
                if len(body) > request.limit:
                    raise GitHubAnswerTooLargeError(
                        path=request.path, limit=request.limit
                    )
            return Answer(
                status=response.status, headers=response.headers, body=bytes(body)
            )

    async def _failed(
        self,
        request: Request,
        progress: _Progress,
        reason: str,
        *,
        sent: bool,
        status: int | None = None,
    ) -> None:
        """Wait before the next attempt, or raise when there may be none.

        The cause is dropped on purpose: aiohttp's errors carry the request's headers,
        and with them the token.
        """
        progress.failures += 1
        facts = {"method": request.method, "path": request.path, "reason": reason}
        if sent and not request.repeatable:
            raise UnclearAnswerError(**facts, status=status) from None
        if progress.failures >= self.policy.attempts:
            raise GitHubUnavailableError(**facts, status=status) from None
        wait = backoff(self.policy, progress.failures)
        self._log.warning("github.retrying", **facts, seconds=round(wait, 1))
        await self._clock.sleep(wait)

    def _hush(self, request: Request, wanted: Pause, status: int) -> None:
        """Keep silent as asked: a secondary limit covers both budgets."""
        self._log.warning(
            "github.limited",
            method=request.method,
            path=request.path,
            kind=wanted.kind.value,
            seconds=round(wanted.seconds, 1),
        )
        end = self._clock.monotonic() + wanted.seconds
        both = ("rest", "graphql")
        secondary = wanted.kind is LimitKind.SECONDARY
        for resource in both if secondary else (request.resource,):
            self._silent[resource] = _Silence(end, wanted.kind, status)

    async def _wait_out(self, resource: str, progress: _Progress) -> None:
        while True:
            silence = self._silent.get(resource, _Silence())
            wait = silence.end - self._clock.monotonic()
            if wait <= 0:
                return
            if progress.waited + wait > self.policy.patience_seconds:
                moment = until(self._clock.now(), wait)
                raise GitHubRateLimitedError(
                    kind=silence.kind.value, retry_at=moment, status=silence.status
                )
            progress.waited += wait
            await self._clock.sleep(wait)
