"""Asks GitHub again for webhooks that did not arrive: by itself it sends each once.

So what happened while nofx was down, or not to be reached, is reviewed all the same.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import structlog

from bot.github.client import GitHubApp
from bot.github.hook_deliveries import HookDelivery, ask_again, failed_since
from bot.webhooks.deliveries import Deliveries
from core.clock import Clock
from core.errors import NofxError, UnavailableError
from core.metrics.deliveries import DELIVERIES
from core.store.roles import Roles
from core.store.until import until

ROLE = "missed-webhooks"
# One process looks for all, once in so many seconds; the first time soon after a start.
EVERY = 300.0
SOON = (20.0, 40.0)
# GitHub keeps a delivery for so long.
KEPT = timedelta(days=3)
# How long a failed attempt rests, doubled with each, and how many there are in all:
# the last is half a day after the first.
REST = timedelta(minutes=1)
MOST_ATTEMPTS = 10
# So many are asked for in one look, the oldest first: each costs GitHub a write.
MOST = 100
log = structlog.get_logger()


class Missed:
    """Looks at GitHub's record of what failed, and asks again for what is not here."""

    def __init__(
        self,
        app: GitHubApp,
        deliveries: Deliveries,
        roles: Roles,
        *,
        holder: str,
        clock: Clock,
    ) -> None:
        self._app = app
        self._deliveries = deliveries
        self._roles = roles
        self._holder = holder
        self._clock = clock
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Look every five minutes, until `stop` is called."""
        await until(self._stopped, self._look_on())

    def stop(self) -> None:
        """End, in the middle of a look if need be; the next one does the rest."""
        self._stopped.set()

    async def look(self) -> int:
        """Ask again for what is due; returns for how many, 0 when another has looked.

        What GitHub refuses of one keeps none of the others from being asked for. Raises
        StoreUnavailableError, and GitHub's errors when it is away or gives no list.
        """
        lease = await self._roles.take(ROLE, self._holder, EVERY * 0.9)
        if lease is None:
            return 0
        now = self._clock.now()
        failed = await failed_since(self._app.connection, now - KEPT)
        missing = await self._missing(failed)
        due = [one for one in due_among(failed, now) if one.guid in missing]
        return sum([await self._asked(attempt) for attempt in due[:MOST]])

    async def _asked(self, attempt: HookDelivery) -> bool:
        """Ask again for one; False when GitHub refuses that, as for one too old."""
        facts = {
            "delivery_id": attempt.guid,
            "event_name": attempt.event,
            "failed_at": attempt.delivered_at.isoformat(),
            "status": attempt.status_code,
        }
        try:
            await ask_again(self._app.connection, attempt)
        except UnavailableError:
            raise
        except NofxError as error:
            log.warning("webhook.not_asked_again", reason=str(error), **facts)
            return False
        DELIVERIES.inc(event=attempt.event, result="missed")
        log.info("webhook.asked_again", **facts)
        return True

    async def _missing(self, failed: Iterable[HookDelivery]) -> set[str]:
        """Return the GUIDs that are not here: GitHub hung up on some that are."""
        guids = {one.guid for one in failed}
        return guids - await self._deliveries.known(guids)

    async def _look_on(self) -> None:
        await self._clock.sleep(random.uniform(*SOON))  # noqa: S311 # no secret
        while True:
            try:
                await self.look()
            except NofxError as error:
                log.warning("webhooks.not_looked_for", reason=str(error))
            except Exception:
                # Nobody waits for it, and it must not end what runs beside it.
                log.exception("webhooks.not_looked_for")
            await self._clock.sleep(EVERY)


def due_among(failed: Iterable[HookDelivery], now: datetime) -> Iterator[HookDelivery]:
    """Yield the last attempt of each delivery whose rest is over, oldest first.

    One that has failed too often is left to people.
    """
    attempts: defaultdict[str, list[HookDelivery]] = defaultdict(list)
    for one in failed:
        attempts[one.guid].append(one)
    newest = [max(each, key=lambda one: one.delivered_at) for each in attempts.values()]
    for last in sorted(newest, key=lambda one: (one.delivered_at, one.id)):
        count = len(attempts[last.guid])
        if count >= MOST_ATTEMPTS:
            continue
        if now - last.delivered_at >= REST * 2 ** (count - 1):
            yield last
