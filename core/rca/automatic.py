"""Builds a bundle whenever a run fails, dies or is stopped by a gate."""

import asyncio
from collections.abc import Mapping

import structlog

from core.clock import Clock
from core.errors import (
    BundleBusyError,
    BundleFailedError,
    NofxError,
    NotFoundError,
    StoreUnavailableError,
)
from core.events.bus import Bus
from core.feed.page import FeedEntry
from core.feed.reader import FeedReader
from core.rca.service import Rca
from core.runs.states import Status
from core.store.database import Database
from core.store.roles import Lease, Roles
from core.store.until import until

ROLE = "bundles"
ACTOR = "nofx"
LEASE = 60.0
RENEW = 20.0
# How late it hears of what another process appended, and how often it asks at most.
LOOK = 5.0
PAUSE = 1.0
# After a bundle it rests so many times as long as that took: reviews come first.
SHARE = 3
LONGEST_REST = 60.0
TRIES = 3
BAD = frozenset({Status.FAILED, Status.DEAD, Status.GATE_FAILED})
log = structlog.get_logger()


class Automatic:
    """Follows the feed, one run at a time, in one process of all.

    How far it came stands with its role, and moves on only once what is there is done:
    who dies leaves the rest to the next. It begins at the end of the feed, the first
    time. One run's bundle is tried three times. It also deletes what was built of a
    state that was erased, should whoever erased it have died before.
    """

    def __init__(
        self,
        database: Database,
        rca: Rca,
        *,
        holder: str,
        clock: Clock,
        bus: Bus,
        wanted: bool = True,
    ) -> None:
        self._rca = rca
        self._holder = holder
        self._clock = clock
        self._bus = bus
        self._wanted = wanted
        self._feed = FeedReader(database)
        self._roles = Roles(database, clock=clock)
        self._stopped = asyncio.Event()
        self._lease: Lease | None = None
        self._renew_at = 0.0

    async def run(self) -> None:
        """Build, or wait for the role, until `stop` is called; then nobody builds here.

        What is in the works is cut off then, and another process takes it over.
        """
        await until(self._stopped, self._follow())
        await self._rca.close()
        await self._give_away()

    def stop(self) -> None:
        """End, in the middle of a bundle if need be."""
        self._stopped.set()

    async def _follow(self) -> None:
        while True:
            seen = self._bus.paged.rings
            try:
                if await self._is_ours() and await self.once():
                    continue
            except StoreUnavailableError as error:
                log.warning("bundles.waiting", reason=str(error))
                self._lease = None
            except Exception:
                # Nobody waits for it, and it must not end what runs beside it.
                log.exception("bundles.failed")
                await self._clock.sleep(RENEW)
            await self._clock.sleep(PAUSE)
            if self._lease is None:
                await self._clock.sleep(RENEW)
            else:
                await self._bus.paged.wait(seen, seconds=LOOK, clock=self._clock)

    async def once(self) -> bool:
        """Do what one stretch of the feed asks for; False when there is no more of it.

        Raises StoreUnavailableError.
        """
        if not await self._is_ours():
            return False
        position = await self._position()
        entries = await self._feed.after(position)
        for entry in entries:
            if not await self._done(entry):
                return False
        if entries:
            await self._note(entries[-1].position)
        return bool(entries)

    async def _position(self) -> int:
        """Return where to go on from; what was trimmed meanwhile is too old."""
        assert self._lease is not None  # noqa: S101 # asked by `once`, who has it
        noted = self._lease.note.get("position")
        if noted is None:
            head = await self._feed.head()
            await self._note(head)
            return head
        oldest = await self._feed.oldest()
        if oldest > int(noted) + 1:
            log.warning("bundles.skipped", after=int(noted), oldest=oldest)
        return max(int(noted), oldest - 1)

    async def _done(self, entry: FeedEntry) -> bool:
        """Do what an entry asks for; False when it is left to another time."""
        if entry.type == "checkpoint.redacted" and entry.about.repository is not None:
            await self._rca.revoke(entry.about.repository, before=entry.time)
        if not self._wanted or entry.run_id is None or not is_bad(entry):
            return True
        began = self._clock.monotonic()
        if not await self._build(entry.run_id):
            return False
        await self._note(entry.position)
        took = self._clock.monotonic() - began
        await self._clock.sleep(min(SHARE * took, LONGEST_REST))
        return True

    async def _build(self, run_id: str) -> bool:
        """Have a run's bundle, or give up on it; False when it is not ours to do.

        Raises StoreUnavailableError.
        """
        times = 0
        while await self._is_ours():
            try:
                await self._rca.ensure(
                    run_id, actor=ACTOR, patience=RENEW, most_tries=TRIES
                )
            except BundleBusyError:
                continue  # it lasts, and our role may need to be renewed
            except StoreUnavailableError:
                raise
            except Exception as error:
                times += 1
                if _is_over(error, times):
                    # One run must not keep every later one from its bundle.
                    is_bug = not isinstance(error, NofxError)
                    reason = str(error)
                    log.warning(
                        "bundle.given_up",
                        run_id=run_id,
                        reason=reason,
                        exc_info=is_bug,
                    )
                    return True
                await self._clock.sleep(RENEW)
            else:
                return True
        return False

    async def _is_ours(self) -> bool:
        """Take the role, or keep it; False when another has it."""
        if self._lease is not None and self._clock.monotonic() < self._renew_at:
            return True
        self._lease = (
            await self._roles.take(ROLE, self._holder, LEASE)
            if self._lease is None
            else await self._roles.renew(self._lease, LEASE)
        )
        self._renew_at = self._clock.monotonic() + RENEW
        return self._lease is not None

    async def _note(self, position: int) -> None:
        """Write down how far it came, if the role is still ours."""
        if self._lease is None:
            return
        note: Mapping[str, int] = {"position": position}
        self._lease = await self._roles.renew(self._lease, LEASE, note)
        self._renew_at = self._clock.monotonic() + RENEW

    async def _give_away(self) -> None:
        if self._lease is None:
            return
        try:
            await self._roles.release(self._lease)
        except NofxError as error:
            log.warning("bundles.left", reason=str(error))


def _is_over(error: Exception, times: int) -> bool:
    """Return whether another try is vain, after so many here."""
    match error:
        case NotFoundError():
            return True
        case BundleFailedError():
            return int(str(error.facts["tries"])) >= TRIES
        case _:
            return times >= TRIES


def is_bad(entry: FeedEntry) -> bool:
    """Return whether an event tells that a run came to a bad end, or to a gate."""
    return entry.type == "run.state_changed" and entry.data.get("to") in BAD
