"""One build of a bundle: from its spool into the database, as long as it is ours."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, BinaryIO

import structlog

from core.audit.service import Audit
from core.clock import Clock
from core.errors import (
    BundleFailedError,
    NofxError,
    NotFoundError,
    StoreUnavailableError,
)
from core.events.schema import AuditRecorded
from core.metrics.bundles import BUILD_SECONDS, BUILDING, BUILT, SIZE
from core.rca.built import Builder, Built
from core.rca.kept import Bundle
from core.rca.schema import PART
from core.rca.store import LEASE, BundleStore, Wanted

# Three of its times may be missed before another takes a build over.
BEAT = LEASE.total_seconds() / 4
LONGEST_REASON = 300
LAST_WORDS = 5.0
log = structlog.get_logger()


class LostError(Exception):
    """Another has the build by now, or it is not to be."""


class CutError(LostError):
    """The work was cut short for it: a write that was on its way may still arrive."""


class Building:
    """Builds what is ours and keeps it; what is lost on the way leaves nothing."""

    def __init__(
        self,
        store: BundleStore,
        builder: Builder,
        *,
        audit: Audit,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        self._store = store
        self._builder = builder
        self._audit = audit
        self._clock = clock
        self._mask = mask

    async def build(self, bundle: Bundle, *, actor: str) -> Bundle | None:
        """Return it built, None when it was lost to another.

        It is in the audit before anybody can read it.

        Raises NotFoundError, StoreUnavailableError, BundleFailedError; cut off, it lets
        another build it at once.
        """
        began = self._clock.monotonic()
        held = _Held(self._store, bundle, clock=self._clock)
        try:
            with BUILDING.during():
                kept = await held.during(self._work(held, actor))
        except LostError as lost:
            BUILT.inc(result="lost")
            log.warning("bundle.lost", run_id=bundle.run_id, attempt=bundle.attempt)
            await self._store.parts.drop(bundle.attempt)
            if not isinstance(lost, CutError):
                await self._store.abandon(held.bundle)
            return None
        except (asyncio.CancelledError, StoreUnavailableError):
            await self._let_go(held)
            raise
        except Exception as error:
            raise await self._failed(held.bundle, error) from error
        took = self._clock.monotonic() - began
        BUILT.inc(result="built")
        BUILD_SECONDS.observe(took)
        SIZE.observe(kept.size)
        log.info(
            "bundle.built",
            run_id=kept.run_id,
            seq=kept.seq,
            bytes=kept.size,
            seconds=round(took, 3),
            cause=kept.cause,
            errors=len(kept.errors),
        )
        return kept

    async def _work(self, held: "_Held", actor: str) -> Bundle:
        async with self._builder.build(held.bundle.run_id) as built:
            if built.seq != held.bundle.seq:
                await self._move(held, built.seq)
            await self._keep(held, built)
            await self._record(held.bundle, built, actor)
            kept = await self._store.finish(held.bundle, built)
            if kept is None:
                raise LostError
            return kept

    async def _move(self, held: "_Held", seq: int) -> None:
        """Go on under the version that the run has come to; raises LostError."""
        old = held.bundle
        wanted = Wanted(
            run_id=old.run_id, repository=old.repository, pull=old.pull, seq=seq
        )
        # Begun when it began to read: who revokes what was read by then must reach it.
        moved = await self._store.begin(
            wanted, attempt=old.attempt, holder=old.holder, begun_at=old.begun_at
        )
        # What is renewed from now on is the new one, before the old one goes.
        held.bundle = moved or old
        was_ours = await self._store.leave(old)
        if moved is None:
            raise LostError
        if not was_ours:
            await self._store.leave(moved)
            raise LostError

    async def _keep(self, held: "_Held", built: Built) -> None:
        """Store the file's parts; raises ValueError if it is not as it says."""
        digest, n = hashlib.sha256(), 0
        file = await asyncio.to_thread(built.path.open, "rb")
        try:
            while data := await asyncio.to_thread(_next, file, digest):
                await held.write(self._store.parts.add(held.bundle.attempt, n, data))
                n += 1
        finally:
            file.close()
        if digest.hexdigest() != built.sha256:
            reason = "the file changed while it was stored"
            raise ValueError(reason)

    async def _record(self, bundle: Bundle, built: Built, actor: str) -> None:
        await self._audit.record(
            AuditRecorded(
                actor=actor,
                action="bundle.build",
                subject=bundle.run_id,
                repository=bundle.repository,
                pull=bundle.pull,
                facts={"seq": bundle.seq, "bytes": built.size, "sha256": built.sha256},
            )
        )

    async def _let_go(self, held: "_Held") -> None:
        """Leave it to another at once; without the database its lease will end.

        So it is left to that where a part may still be on its way: it would come when
        whoever builds next has deleted the others, and nobody would find it.
        """
        with suppress(StoreUnavailableError, TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await held.written()
                await self._store.release(held.bundle)

    async def _failed(self, bundle: Bundle, error: Exception) -> NofxError:
        """Say why, where it is kept and in the log; returns what to raise."""
        BUILT.inc(result="failed")
        words = (
            f"{error} {error.way_out}"
            if isinstance(error, NofxError)
            else f"{type(error).__name__}: {error}"
        )
        reason = self._mask(" ".join(words.split()))[:LONGEST_REASON]
        log.error("bundle.failed", run_id=bundle.run_id, reason=reason, exc_info=error)
        await self._store.fail(bundle, reason)
        if isinstance(error, NotFoundError):
            return error
        return BundleFailedError(
            run_id=bundle.run_id, reason=reason, tries=bundle.tries
        )


class _Held:
    """A build that is ours while its lease is renewed beside the work."""

    def __init__(self, store: BundleStore, bundle: Bundle, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._writing: asyncio.Task[None] | None = None
        self.bundle = bundle

    async def write(self, writing: Coroutine[Any, Any, None]) -> None:
        """Wait for a write, which goes on when the work is cut off in it."""
        self._writing = asyncio.create_task(writing)
        await asyncio.shield(self._writing)

    async def written(self) -> None:
        """Wait until no write is on its way; raises what the last one raised."""
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def during(self, work: Coroutine[Any, Any, Bundle]) -> Bundle:
        """Return what the work does; raises LostError, and what the work raises."""
        working = asyncio.create_task(work)
        beating = asyncio.create_task(self._beat())
        try:
            await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise CutError
            return working.result()
        finally:
            for task in (working, beating):
                task.cancel()
            await asyncio.gather(working, beating, return_exceptions=True)

    async def _beat(self) -> None:
        """Renew the lease until it is another's, or was not renewed in its time."""
        good_until = self._clock.monotonic() + LEASE.total_seconds()
        while self._clock.monotonic() < good_until:
            await self._clock.sleep(BEAT)
            try:
                began = self._clock.monotonic()
                if not await self._store.renew(self.bundle):
                    return
                good_until = began + LEASE.total_seconds()
            except StoreUnavailableError as error:
                log.warning("bundle.waiting", reason=str(error))


def _next(file: BinaryIO, digest: Any) -> bytes:
    data = file.read(PART)
    digest.update(data)
    return data
