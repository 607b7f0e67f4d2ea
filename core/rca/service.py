"""What the rest of nofx asks of bundles: have one built, and read it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.audit.service import Audit
from core.clock import Clock, Ids
from core.errors import BundleBusyError, BundleFailedError
from core.rca.building import Building
from core.rca.built import Builder
from core.rca.kept import Bundle, State
from core.rca.store import BundleStore, Wanted
from core.runs.model import stream_of
from core.runs.service import Runs

PATIENCE = 15.0
LOOK = 0.5
# Who asks again so soon after a failure is told of it, and nothing is built.
REST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensured:
    """A bundle that is there, and whether it was built for this question."""

    bundle: Bundle
    fresh: bool


class Rca:
    """Builds a bundle at most once a version of a run, and serves its bytes.

    Who asks for what is being built waits for that, in this process or another. At most
    `at_once` are built here at a time; `close` cuts them off, and another process takes
    them over at once.
    """

    def __init__(  # noqa: PLR0913  # one argument a neighbour
        self,
        runs: Runs,
        store: BundleStore,
        builder: Builder,
        *,
        audit: Audit,
        clock: Clock,
        ids: Ids,
        mask: Callable[[str], str],
        at_once: int = 1,
    ) -> None:
        self._runs = runs
        self._store = store
        self._clock = clock
        self._ids = ids
        self._building = Building(store, builder, audit=audit, clock=clock, mask=mask)
        self._holder = ids.new("rca")
        self._slots = asyncio.Semaphore(at_once)
        self._tasks: dict[str, asyncio.Task[Bundle | None]] = {}
        self._closed = False

    async def ensure(
        self,
        run_id: str,
        *,
        actor: str,
        patience: float = PATIENCE,
        most_tries: int | None = None,
    ) -> Ensured:
        """Return a bundle of the run as it is now, built if there is none.

        The audit names `actor` as who had it built.
        Raises RunNotFoundError; BundleBusyError when it is not done after `patience`
        seconds; BundleFailedError when it failed just now, or `most_tries` times.
        """
        ends = self._clock.monotonic() + patience
        asked_at = self._clock.now()
        wanted = await self._wanted(run_id)
        fresh = False
        while True:
            found = await self._at_least(wanted)
            if found is not None and found.is_built:
                return Ensured(bundle=found, fresh=fresh)
            self._refuse_failed(found, most_tries)
            since = found.begun_at if found is not None else asked_at
            if self._clock.monotonic() >= ends:
                raise BundleBusyError(run_id=run_id, since=since.isoformat())
            fresh = await self._wait(wanted, found, ends, actor)

    async def latest(self, run_id: str, *, seq: int | None = None) -> Bundle | None:
        """Return a run's newest bundle that can be read, or that of a version."""
        return await self._store.latest(run_id, seq=seq)

    def parts(self, bundle: Bundle, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield a bundle's bytes from `start` up to `end`; see BundleParts.read."""
        return self._store.parts.read(bundle, start, end)

    async def revoke(self, repository: str, *, before: datetime | None = None) -> None:
        """Delete what was built of a repository's runs: its sources have changed."""
        await self._store.revoke(repository, before=before)

    async def close(self) -> None:
        """Cut off what is being built here; raises nothing."""
        self._closed = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(
        self, wanted: Wanted, found: Bundle | None, ends: float, actor: str
    ) -> bool:
        """Wait for a build here or elsewhere; True once one that we began has ended."""
        left = max(ends - self._clock.monotonic(), 0)
        task = self._tasks.get(wanted.run_id)
        is_ours = task is None
        if task is None and found is not None and found.is_held(self._clock.now()):
            await self._clock.sleep(min(LOOK, left))
            return False
        task = task or self._begin(wanted, actor)
        done, _ = await asyncio.wait({task}, timeout=left)
        built = None if not done or task.cancelled() else task.result()
        if done and built is None:  # another has it, or had it
            await self._clock.sleep(min(LOOK, left))
        return is_ours and built is not None

    def _begin(self, wanted: Wanted, actor: str) -> asyncio.Task[Bundle | None]:
        if self._closed:
            raise _failed(wanted.run_id, "nofx is stopping.", tries=0)
        task = asyncio.create_task(self._build(wanted, actor))
        self._tasks[wanted.run_id] = task

        def ended(one: asyncio.Task[Bundle | None]) -> None:
            self._tasks.pop(wanted.run_id, None)
            if not one.cancelled():
                one.exception()  # who asked may have stopped waiting

        task.add_done_callback(ended)
        return task

    async def _build(self, wanted: Wanted, actor: str) -> Bundle | None:
        async with self._slots:
            attempt = self._ids.new("build")
            held = await self._store.begin(wanted, attempt=attempt, holder=self._holder)
            if held is None:
                return None
            return await self._building.build(held, actor=actor)

    async def _wanted(self, run_id: str) -> Wanted:
        """Return the run's version of now, without reading all of a long history."""
        listed = await self._runs.projection.get(run_id)
        if listed is None:
            run = await self._runs.load(run_id)
            return Wanted(
                run_id=run_id,
                repository=run.subject.repository,
                pull=run.subject.pull,
                seq=run.head_seq,
            )
        head = int(listed["head_seq"])
        later = self._runs.journal.pages(stream_of(run_id), first=head + 1)
        async for page in later:
            head = page[-1].seq
        return Wanted(
            run_id=run_id,
            repository=str(listed["repository"]),
            pull=int(listed["pull"]),
            seq=head,
        )

    async def _at_least(self, wanted: Wanted) -> Bundle | None:
        """Return what there is of the version, or a later one that is built."""
        kept = await self._store.of_run(wanted.run_id)
        now = self._clock.now()
        for one in kept:
            due = one.purge_after is not None and one.purge_after <= now
            if one.is_built and one.seq >= wanted.seq and not due:
                return one
        return next((one for one in kept if one.seq == wanted.seq), None)

    def _refuse_failed(self, found: Bundle | None, most_tries: int | None) -> None:
        if found is None:
            return
        now = self._clock.now()
        failed = found.state is State.FAILED
        if failed and now - found.until < REST:
            raise _failed(found.run_id, found.reason, tries=found.tries)
        worn = most_tries is not None and found.tries >= most_tries
        if worn and not found.is_held(now):
            reason = found.reason or "its builders died."
            raise _failed(found.run_id, reason, tries=found.tries)


def _failed(run_id: str, reason: str, *, tries: int) -> BundleFailedError:
    return BundleFailedError(run_id=run_id, reason=reason, tries=tries)
