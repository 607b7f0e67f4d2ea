"""A bundle is built once a version of a run, whoever asks and whoever dies."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.audit.service import Audit
from core.clock import Ids
from core.errors import (
    BundleBusyError,
    BundleDamagedError,
    BundleFailedError,
    RunNotFoundError,
    StoreUnavailableError,
)
from core.rca.kept import Bundle, State
from core.rca.parts import BundleParts
from core.rca.schema import PART, PARTS
from core.rca.service import Rca
from core.rca.store import LEASE, BundleStore, Wanted
from core.store.database import Database
from tests.fakes.ahead import AheadClock
from tests.fakes.bundling import TinyBuilder
from tests.fakes.stage import ScriptedPipeline, Stage, subject
from tests.fakes.waiting import eventually

ANN = "token:ann"


@dataclass
class Shop:
    """One process that builds bundles, with a clock that several share."""

    rca: Rca
    store: BundleStore
    builder: TinyBuilder
    clock: AheadClock

    async def read(self, bundle: Bundle, start: int = 0, end: int = -1) -> bytes:
        """Return bytes of a bundle as they are kept."""
        stop = bundle.size if end < 0 else end
        parts = [one async for one in self.rca.parts(bundle, start, stop)]
        return b"".join(parts)


@asynccontextmanager
async def shop(
    stage: Stage, folder: Path, clock: AheadClock, *, days: int = 30
) -> AsyncIterator[Shop]:
    """Give a process, which is closed at the end."""
    store = BundleStore(stage.database, clock=clock, days=days)
    builder = TinyBuilder(stage.runs, folder)
    rca = Rca(
        stage.runs,
        store,
        builder,
        audit=Audit(stage.runs.journal, clock=clock),
        clock=clock,
        ids=Ids(clock),
        mask=lambda text: text,
    )
    try:
        yield Shop(rca, store, builder, clock)
    finally:
        await rca.close()


@pytest.fixture
def clock() -> AheadClock:
    """Give a clock that goes, and that jumps when it is told to."""
    return AheadClock(0)


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with a run that waits for a worker."""
    stage = Stage(database, ScriptedPipeline("one", "two"))
    yield stage
    await stage.runs.close()


async def test_a_bundle_is_built_once_a_version(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """Who asks again gets the same; once the run goes on there is another."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        first = await here.rca.ensure(run_id, actor=ANN)
        again = await here.rca.ensure(run_id, actor=ANN)
        assert first.fresh
        assert not again.fresh
        assert first.bundle == again.bundle
        await stage.runs.pause(run_id, actor="ann", reason="wait")
        later = await here.rca.ensure(run_id, actor=ANN)
        assert later.fresh
        assert later.bundle.seq > first.bundle.seq
        assert await here.rca.latest(run_id) == later.bundle
    assert len(here.builder.begun) == 2


async def test_what_is_kept_is_what_was_built(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """The whole has its digest, and every range is a slice of it."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.padding = 2 * PART + 17
        bundle = (await here.rca.ensure(run_id, actor=ANN)).bundle
        whole = await here.read(bundle)
        assert hashlib.sha256(whole).hexdigest() == bundle.sha256
        assert len(whole) == bundle.size > 2 * PART
        for start, end in (
            (0, 1),
            (PART - 1, PART + 1),
            (PART, 2 * PART),
            (5, 2 * PART + 5),
            (bundle.size - 1, bundle.size),
        ):
            assert await here.read(bundle, start, end) == whole[start:end]
    assert here.builder.open_files == 0
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


async def test_many_who_ask_at_once_get_one(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """Two processes and five callers in each make one build."""
    run_id = await stage.ask()
    real = clock
    async with (
        shop(stage, tmp_path, real) as here,
        shop(stage, tmp_path, real) as there,
    ):
        answers = await asyncio.gather(
            *(
                one.rca.ensure(run_id, actor=ANN)
                for one in (here, there)
                for _ in range(5)
            )
        )
    assert len({one.bundle.attempt for one in answers}) == 1
    assert sum(one.fresh for one in answers) == 1
    assert len(here.builder.begun) + len(there.builder.begun) == 1


async def test_who_waits_too_long_is_told_to_come_again(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """The build goes on meanwhile, and is there the next time."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.gate.clear()
        with pytest.raises(BundleBusyError):
            await here.rca.ensure(run_id, actor=ANN, patience=0.01)
        here.builder.gate.set()
        await here.rca.ensure(run_id, actor=ANN)
    assert len(here.builder.begun) == 1


async def test_what_a_dead_builder_left_is_taken_over(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """Its parts go, and who was thought dead and comes back changes nothing."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        dead = await begun(here, stage, run_id, "build_dead")
        await here.store.parts.add("build_dead", 0, b"half")
        with pytest.raises(BundleBusyError):
            await here.rca.ensure(run_id, actor=ANN, patience=0)
        clock.jump(LEASE.total_seconds() + 1)
        bundle = (await here.rca.ensure(run_id, actor=ANN)).bundle
        assert bundle.tries == 2
        assert not await here.store.renew(dead)
        async with here.builder.build(run_id) as built:
            assert await here.store.finish(dead, built) is None
        assert await attempts(stage.database) == {bundle.attempt}
        assert await here.read(bundle)


async def test_who_is_stopped_lets_another_build_at_once(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """Building does not outlive its process, and its lease does not either."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.gate.clear()
        asking = asyncio.create_task(here.rca.ensure(run_id, actor=ANN))
        await eventually(lambda: bool(here.builder.begun))
        await here.rca.close()
        with pytest.raises(BundleFailedError, match="stopping"):
            await asking
    async with shop(stage, tmp_path, clock) as there:
        assert (await there.rca.ensure(run_id, actor=ANN, patience=0.5)).fresh
    assert here.builder.open_files == 0


async def test_a_failure_is_told_and_not_repeated_at_once(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """A minute later it is tried again; nothing of the failed one is left."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.faults = [OSError("no space left"), OSError("still none")]
        for _ in range(2):
            with pytest.raises(BundleFailedError, match="no space left"):
                await here.rca.ensure(run_id, actor=ANN)
        clock.jump(61)
        with pytest.raises(BundleFailedError, match="still none"):
            await here.rca.ensure(run_id, actor=ANN)
        clock.jump(61)
        with pytest.raises(BundleFailedError, match="still none"):
            await here.rca.ensure(run_id, actor=ANN, most_tries=2)
        assert (await here.rca.ensure(run_id, actor=ANN)).bundle.tries == 3
    assert len(here.builder.begun) == 3


async def test_an_unknown_run_has_no_bundle(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """It is refused before anything is kept of it."""
    async with shop(stage, tmp_path, clock) as here:
        with pytest.raises(RunNotFoundError):
            await here.rca.ensure("run_00000000000000000000000000", actor=ANN)
    assert await stage.database.db["bundles"].count_documents({}) == 0


async def test_a_database_that_is_away_fails_nothing(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """The try does not count, and the next one builds at once."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.faults = [StoreUnavailableError(reason="away")]
        with pytest.raises(StoreUnavailableError):
            await here.rca.ensure(run_id, actor=ANN)
        bundle = (await here.rca.ensure(run_id, actor=ANN)).bundle
    assert bundle.tries == 1


async def test_a_run_that_moves_on_is_built_as_it_is_then(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """The bundle stands under the version that it tells of, and no other is left."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.gate.clear()
        asking = asyncio.create_task(here.rca.ensure(run_id, actor=ANN))
        await eventually(lambda: bool(here.builder.begun))
        paused = await stage.runs.pause(run_id, actor="ann", reason="wait")
        here.builder.gate.set()
        bundle = (await asking).bundle
        assert bundle.seq == paused.head_seq
        assert [one.id for one in await here.store.of_run(run_id)] == [bundle.id]


async def test_what_is_old_goes(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """After its days a bundle is not given out, and the sweep deletes all of it."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock, days=3) as here:
        await here.rca.ensure(run_id, actor=ANN)
        assert await here.store.sweep() == 0
        clock.jump(3 * 86_400 + 1)
        assert await here.rca.latest(run_id) is None
        assert await here.store.sweep() == 1
    assert await attempts(stage.database) == set()
    assert await stage.database.db["bundles"].count_documents({}) == 0


async def test_without_days_bundles_stay(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """What nobody names goes all the same: its row, and parts without a row."""
    run_id, other = await stage.ask(), await stage.ask("b", 2)
    async with shop(stage, tmp_path, clock, days=0) as here:
        bundle = (await here.rca.ensure(run_id, actor=ANN)).bundle
        await begun(here, stage, other, "build_dead")
        await here.store.parts.add("build_dead", 0, b"half")
        await here.store.parts.add("build_nobody", 0, b"half")
        await here.store.parts.add("build_nobody", 1, b"half")
        await here.store.parts.keep("build_nobody", None)
        clock.jump(400 * 86_400)
        assert await here.store.sweep() == 2
        assert await here.rca.latest(run_id) == bundle
        assert await here.read(bundle)
    assert await attempts(stage.database) == {bundle.attempt}


async def test_only_some_versions_of_a_run_are_kept(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """A run that goes on for long does not fill the database."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        for _ in range(3):
            await here.rca.ensure(run_id, actor=ANN)
            await stage.runs.pause(run_id, actor="ann", reason="wait")
            await here.rca.ensure(run_id, actor=ANN)
            await stage.runs.resume(run_id, actor="ann", reason="go on")
        kept = await here.store.of_run(run_id)
    assert len(kept) == 3
    assert await attempts(stage.database) == {one.attempt for one in kept}


async def test_a_part_that_is_gone_is_told(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """A reader gets an error and no wrong bytes."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        bundle = (await here.rca.ensure(run_id, actor=ANN)).bundle
        await stage.database.db["bundle_parts"].delete_many({"n": 0})
        with pytest.raises(BundleDamagedError):
            await here.read(bundle)


async def test_what_is_revoked_while_it_is_built_never_is(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """Its builder is told, its parts go, and who asked gets one that was begun later.

    Nobody waits for the end of a lease.
    """
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.gate.clear()
        asking = asyncio.create_task(here.rca.ensure(run_id, actor=ANN, patience=3))
        await eventually(lambda: bool(here.builder.begun))
        told = await here.store.revoke(subject().repository)
        assert (told.gone, told.held) == (1, 1)
        (revoked,) = await here.store.of_run(run_id)
        here.builder.gate.set()
        later = (await asking).bundle
        assert later.state is State.BUILT
        assert later.attempt != revoked.attempt
        assert await attempts(stage.database) == {later.attempt}
        told = await here.store.revoke(subject().repository)
        assert (told.gone, told.held) == (1, 0)
        assert await attempts(stage.database) == set()
        assert (await here.rca.ensure(run_id, actor=ANN)).bundle.state is State.BUILT


async def test_what_is_revoked_in_the_middle_of_a_write_is_waited_for(
    stage: Stage, tmp_path: Path, clock: AheadClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its builder is cut short, and a write of it may come until its lease ends."""
    monkeypatch.setattr("core.rca.building.BEAT", 0.01)
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.gate.clear()
        asking = asyncio.create_task(here.rca.ensure(run_id, actor=ANN, patience=0.5))
        await eventually(lambda: bool(here.builder.begun))
        await here.store.revoke(subject().repository)
        with pytest.raises(BundleBusyError):
            await asking
        assert (await here.store.revoke(subject().repository)).held == 1
        clock.jump(LEASE.total_seconds() + 1)
        assert (await here.store.revoke(subject().repository)).held == 0


async def test_a_part_that_is_on_its_way_at_a_stop_is_waited_for(
    stage: Stage, tmp_path: Path, clock: AheadClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver goes on with a write: it may not come after the next one has begun."""
    real, asked, gate = BundleParts.add, asyncio.Event(), asyncio.Event()

    async def late(self: BundleParts, attempt: str, n: int, data: bytes) -> None:
        async def arrives() -> None:
            asked.set()
            await gate.wait()
            await real(self, attempt, n + 1, data)

        await asyncio.shield(asyncio.create_task(arrives()))

    run_id = await stage.ask()
    parts = stage.database.db[PARTS]
    async with shop(stage, tmp_path, clock) as next_one:
        with monkeypatch.context() as patched:
            patched.setattr(BundleParts, "add", late)
            async with shop(stage, tmp_path, clock) as here:
                asking = asyncio.create_task(here.rca.ensure(run_id, actor=ANN))
                await asked.wait()
                stopping = asyncio.create_task(here.rca.close())
                await asyncio.sleep(0)
                patched.undo()
                with suppress(BundleBusyError):
                    await next_one.rca.ensure(run_id, actor=ANN, patience=0.3)
                gate.set()
                await stopping
                await asyncio.gather(asking, return_exceptions=True)
        kept = (await next_one.rca.ensure(run_id, actor=ANN)).bundle
        found = await parts.find({}).to_list(None)
        assert {one["attempt"] for one in found} == {kept.attempt}


async def test_what_is_revoked_is_not_built_under_a_later_version(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """The run goes on while it is read, and the builder goes on with it."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.gate.clear()
        asking = asyncio.create_task(here.rca.ensure(run_id, actor=ANN, patience=0.3))
        await eventually(lambda: bool(here.builder.begun))
        await here.store.revoke(subject().repository)
        await stage.runs.pause(run_id, actor="ann", reason="wait")
        here.builder.gate.set()
        with pytest.raises(BundleBusyError):
            await asking
        kept = await here.store.of_run(run_id)
        assert [one.state for one in kept] == [State.REVOKED]
        assert await attempts(stage.database) == set()


async def test_a_build_that_moved_on_began_when_it_began_to_read(
    stage: Stage, tmp_path: Path, clock: AheadClock
) -> None:
    """So that what is erased in between is found in it."""
    run_id = await stage.ask()
    async with shop(stage, tmp_path, clock) as here:
        here.builder.gate.clear()
        asking = asyncio.create_task(here.rca.ensure(run_id, actor=ANN))
        await eventually(lambda: bool(here.builder.begun))
        clock.jump(5)
        erased_at = clock.now()
        clock.jump(5)
        await stage.runs.pause(run_id, actor="ann", reason="wait")
        here.builder.gate.set()
        moved = (await asking).bundle
        told = await here.store.revoke(subject().repository, before=erased_at)
        assert (told.gone, await here.store.of_run(run_id)) == (1, ())
        assert moved.begun_at < erased_at


async def begun(here: Shop, stage: Stage, run_id: str, attempt: str) -> Bundle:
    """Let a builder that nobody hears of again take a run."""
    run = await stage.runs.load(run_id)
    wanted = Wanted(
        run_id=run_id,
        repository=run.subject.repository,
        pull=run.subject.pull,
        seq=run.head_seq,
    )
    held = await here.store.begin(wanted, attempt=attempt, holder="dead")
    assert held is not None
    return held


async def attempts(database: Database) -> set[str]:
    """Return the builds of which there are parts."""
    return set(await database.db["bundle_parts"].distinct("attempt"))
