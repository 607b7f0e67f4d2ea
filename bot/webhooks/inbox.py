"""Works the stored deliveries: each under a lease, again when it fails, never lost."""

import asyncio
from collections import Counter, deque
from contextlib import suppress
from random import SystemRandom

import structlog

from bot.webhooks.attempt import Attempts, Handle, InboxPolicy
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Candidate, DeliveryState
from core.clock import Clock
from core.errors import NofxError

log = structlog.get_logger()


class Inbox:
    """Claims what is due, hands it to `handle`, and records how it ended.

    Any number of inboxes in any number of processes may run beside each other; `owner`
    names this one and must differ from boot to boot. `handle` may see a delivery twice,
    after a crash. `counts` says how often each outcome was recorded here.
    """

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        handle: Handle,
        owner: str,
        clock: Clock,
        policy: InboxPolicy | None = None,
    ) -> None:
        self._deliveries = deliveries
        self._owner = owner
        self._clock = clock
        self._policy = policy or InboxPolicy()
        self._random = SystemRandom()
        self._jobs: set[asyncio.Task[None]] = set()
        self._candidates: deque[Candidate] = deque()
        self._stopping = asyncio.Event()
        self._sweep_at = clock.monotonic()
        self.counts: Counter[str] = Counter()
        self._attempts = Attempts(
            deliveries=deliveries,
            handle=handle,
            clock=clock,
            policy=self._policy,
            counts=self.counts,
        )

    async def run(self) -> None:
        """Work until `stop`, then finish what is in hand; what is left is put back."""
        try:
            while not self._stopping.is_set():
                await self._turn()
            if self._jobs:
                await asyncio.wait(self._jobs, timeout=self._policy.drain)
        finally:
            for job in self._jobs:
                job.cancel()
            await asyncio.gather(*self._jobs, return_exceptions=True)

    def stop(self) -> None:
        """Ask `run` to take nothing new and to come to its end."""
        self._stopping.set()
        self._deliveries.arrived.set()

    async def _turn(self) -> None:
        """Claim once; wait when there is no room, no work, or no database."""
        if len(self._jobs) >= self._policy.concurrency:
            await self._room()
            return
        self._deliveries.arrived.clear()
        try:
            if not self._candidates:
                await self._look()
            if self._candidates:
                await self._claim(self._candidates.popleft())
                return
        except NofxError as error:
            log.warning("inbox.store_away", reason=str(error))
        await self._rest()

    async def _room(self) -> None:
        """Wait until a job ends, or until nothing more is to be taken."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({*self._jobs, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def _look(self) -> None:
        """List what is due, in random order so that inboxes rarely want the same."""
        states = [DeliveryState.RECEIVED]
        if self._clock.monotonic() >= self._sweep_at:
            # What another worker left behind can wait for the next poll.
            self._sweep_at = self._clock.monotonic() + self._policy.poll
            states.append(DeliveryState.PROCESSING)
        found: list[Candidate] = []
        for state in states:
            found += await self._deliveries.due(state, most=self._policy.candidates)
        self._random.shuffle(found)
        self._candidates.extend(found)

    async def _claim(self, candidate: Candidate) -> None:
        delivery = await self._deliveries.claim(
            candidate, owner=self._owner, seconds=self._policy.lease
        )
        if delivery is not None:
            job = asyncio.create_task(self._attempts.work(delivery))
            self._jobs.add(job)
            job.add_done_callback(self._reap)

    def _reap(self, job: asyncio.Task[None]) -> None:
        self._jobs.discard(job)
        if not job.cancelled() and (error := job.exception()) is not None:
            # Its lease runs out, and then it is worked again.
            self.counts["broken"] += 1
            log.error("inbox.broken", exc_info=error)

    async def _rest(self) -> None:
        """Wait for an arrival here, or for the next poll."""
        if self._stopping.is_set():
            return
        seconds = self._policy.poll * (0.5 + self._random.random())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._deliveries.arrived.wait()
