"""One attempt at one delivery: handled under a lease, and its end recorded."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import SystemRandom

import structlog

from bot.webhooks import counted
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Delivery
from bot.webhooks.outcome import Ignored, Outcome
from core.clock import Clock
from core.errors import HandlerCancelledError, NofxError, UnavailableError
from core.metrics.handler_cpu import handled

MOST_REASON_CHARS = 500
log = structlog.get_logger()
Handle = Callable[[Delivery], Coroutine[object, object, Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxPolicy:
    """How an inbox works; all times in seconds.

    A delivery that failed waits `backoff`, then twice as long each time up to
    `most_backoff`, and is dead after `most_attempts`: by default after most of an hour.
    """

    concurrency: int = 8
    candidates: int = 50
    lease: float = 30.0
    heartbeat: float = 10.0
    poll: float = 2.0
    backoff: float = 2.0
    most_backoff: float = 900.0
    most_attempts: int = 12
    drain: float = 20.0

    def wait_after(self, attempts: int, jitter: float) -> timedelta:
        """Return how long to wait after that many attempts; `jitter` is in [0, 1)."""
        # The exponent is capped too: two to the thousandth is no float.
        grown = self.backoff * 2.0 ** min(attempts - 1, 40)
        return timedelta(seconds=min(grown, self.most_backoff) * (0.5 + jitter / 2))


class Attempts:
    """Works claimed deliveries, and adds to `counts` how each attempt ended.

    Ends are done, ignored, dead, put_back (after a failure), lease_lost; failed counts
    the handler's exceptions.
    """

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        handle: Handle,
        clock: Clock,
        policy: InboxPolicy,
        counts: Counter[str],
    ) -> None:
        self._deliveries = deliveries
        self._handle = handle
        self._clock = clock
        self._policy = policy
        self._random = SystemRandom()
        self._counts = counts

    async def work(self, delivery: Delivery) -> None:
        """Bring one delivery to its next state, whatever happens in the handler."""
        with structlog.contextvars.bound_contextvars(delivery_id=delivery.guid):
            try:
                if delivery.counted > self._policy.most_attempts:
                    await self._bury(delivery, "Its workers were lost each time.")
                    return
                outcome = await self._under_lease(delivery)
            except asyncio.CancelledError:
                await self._give_back(delivery)
                raise
            except Exception as error:  # noqa: BLE001 (logged, counted and retried)
                await self._failed(delivery, error)
            else:
                await self._finish(delivery, outcome)

    async def _under_lease(self, delivery: Delivery) -> Outcome | None:
        """Return the handler's outcome; None when the lease was lost on the way."""
        work = handled(counted.handler_of(delivery.event), self._handle(delivery))
        job = asyncio.ensure_future(work)
        beat = asyncio.create_task(self._beat(delivery))
        try:
            await asyncio.wait({job, beat}, return_when=asyncio.FIRST_COMPLETED)
            if job.cancelled():
                raise HandlerCancelledError(guid=delivery.guid)
            return job.result() if job.done() else None
        finally:
            job.cancel()
            beat.cancel()
            await asyncio.gather(job, beat, return_exceptions=True)

    async def _beat(self, delivery: Delivery) -> None:
        """Prolong the lease as long as it is ours; return when it no longer is."""
        lease = self._policy.lease
        end = self._clock.monotonic() + lease
        while self._clock.monotonic() < end:
            await self._clock.sleep(self._policy.heartbeat)
            asked = self._clock.monotonic()
            try:
                async with asyncio.timeout(end - asked):
                    if not await self._deliveries.extend(delivery, seconds=lease):
                        return
            except (TimeoutError, UnavailableError) as error:
                log.warning("inbox.heartbeat_missed", reason=str(error))
            else:
                end = asked + lease

    async def _finish(self, delivery: Delivery, outcome: Outcome | None) -> None:
        if outcome is None:
            self._lost(delivery)
            return
        ignored = isinstance(outcome, Ignored)
        result: counted.End = "ignored" if ignored else "done"
        reason = outcome.reason if isinstance(outcome, Ignored) else None
        log.info(
            "inbox.worked", result=result, github_event=delivery.event, reason=reason
        )
        write = partial(self._deliveries.finish, delivery, outcome)
        await self._record(delivery, result, write)

    async def _failed(self, delivery: Delivery, error: Exception) -> None:
        """Plan the next attempt, or give up after the last one."""
        self._counts["failed"] += 1
        reason = f"{type(error).__name__}: {error}"[:MOST_REASON_CHARS]
        facts = {"github_event": delivery.event, "attempts": delivery.attempts}
        if isinstance(error, UnavailableError):
            log.warning("inbox.put_off", reason=reason, **facts)
        else:
            log.error("inbox.failed", exc_info=error, **facts)
        if delivery.counted >= self._policy.most_attempts:
            await self._bury(delivery, reason)
            return
        wait = self._policy.wait_after(delivery.counted, self._random.random())
        write = partial(
            self._deliveries.put_back,
            delivery,
            due_at=self._clock.now() + wait,
            reason=reason,
        )
        await self._record(delivery, "put_back", write)

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        log.error("inbox.dead", github_event=delivery.event, reason=reason)
        await self._record(
            delivery, "dead", partial(self._deliveries.bury, delivery, reason)
        )

    async def _give_back(self, delivery: Delivery) -> None:
        """Let another worker begin at once; if that fails, after the lease."""
        try:
            await self._deliveries.put_back(delivery, due_at=self._clock.now())
        except NofxError as error:
            log.warning("inbox.not_recorded", reason=str(error))

    async def _record(
        self,
        delivery: Delivery,
        result: counted.End,
        write: Callable[[], Awaitable[bool]],
    ) -> None:
        """Write how it went, and try for as long as the lease may hold."""
        end = self._clock.monotonic() + self._policy.lease
        while True:
            try:
                held = await write()
            except UnavailableError as error:
                log.warning("inbox.not_recorded", reason=str(error))
                if self._clock.monotonic() >= end:
                    return
                await self._clock.sleep(self._policy.poll)
                continue
            if held:
                self._counts[result] += 1
                counted.ended(delivery.event, result)
            else:
                self._lost(delivery)
            return

    def _lost(self, delivery: Delivery) -> None:
        self._counts["lease_lost"] += 1
        log.warning("inbox.lease_lost", attempts=delivery.attempts)
