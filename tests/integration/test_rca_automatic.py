"""Runs that come to a bad end get a bundle, whichever process finds them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from core.audit.service import Audit
from core.clock import Ids, SystemClock
from core.errors import GitHubInvalidError
from core.events.base import JSON
from core.events.bus import Bus
from core.feed.feeder import Feeder
from core.feed.floor import ROLE as FLOOR
from core.rca.automatic import ROLE, TRIES, Automatic
from core.rca.service import Ensured, Rca
from core.rca.store import BundleStore
from core.runs.decisions import Decisions
from core.runs.pipeline import StepContext
from core.store.database import Database
from core.store.roles import Roles
from tests.fakes.ahead import AheadClock
from tests.fakes.bundling import TinyBuilder
from tests.fakes.stage import ScriptedPipeline, Stage, serving
from tests.fakes.waiting import eventually

CLOCK = SystemClock()


class Hasty(AheadClock):
    """A clock whose sleeps pass at once; what waits for a minute is a minute later."""

    @override
    async def sleep(self, seconds: float) -> None:
        """Be later by so much."""
        self.jump(seconds)
        await asyncio.sleep(0)


class Buggy(Rca):
    """Meets a bug before it has begun to build for `broken`; `met` counts how often."""

    broken = ""
    met = 0

    @override
    async def ensure(self, run_id: str, **options: Any) -> Ensured:
        """Have a bundle, unless it is that run's."""
        if run_id == self.broken:
            self.met += 1
            raise ZeroDivisionError
        return await super().ensure(run_id, **options)


@dataclass
class Keeper:
    """A process that builds by itself."""

    automatic: Automatic
    rca: Buggy
    store: BundleStore
    builder: TinyBuilder
    bus: Bus


@asynccontextmanager
async def keeper(
    stage: Stage, folder: Path, *, wanted: bool = True, clock: SystemClock = CLOCK
) -> AsyncIterator[Keeper]:
    """Give a process, which is closed at the end."""
    store = BundleStore(stage.database, clock=clock, days=30)
    builder, bus = TinyBuilder(stage.runs, folder), Bus()
    rca = Buggy(
        stage.runs,
        store,
        builder,
        audit=Audit(stage.runs.journal, clock=clock),
        clock=clock,
        ids=Ids(clock),
        mask=lambda text: text,
    )
    automatic = Automatic(
        stage.database, rca, holder="k", clock=clock, bus=bus, wanted=wanted
    )
    try:
        yield Keeper(automatic, rca, store, builder, bus)
    finally:
        await rca.close()


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage whose first step can be told to fail."""
    stage = Stage(database, ScriptedPipeline("one"))
    yield stage
    await stage.runs.close()


async def refused(_: StepContext) -> JSON:
    """Be refused by GitHub, which no other try changes."""
    raise GitHubInvalidError(method="POST", path="/x", reason="no")


async def failed(stage: Stage, head: str = "a", pull: int = 1) -> str:
    """Let a run fail, and return its id."""
    stage.pipeline.script("one", refused)
    run_id = await stage.ask(head, pull)
    async with serving(stage.worker()):
        await stage.until(run_id, "failed")
    return run_id


async def fed(stage: Stage, bus: Bus) -> None:
    """Bring the feed up to date."""
    await Feeder(stage.database, holder="f", clock=CLOCK, bus=bus).feed_once()


async def test_what_fails_gets_a_bundle_and_what_succeeds_does_not(
    stage: Stage, tmp_path: Path
) -> None:
    """Once each; what failed before it first ran is left alone."""
    before = await failed(stage)
    async with keeper(stage, tmp_path) as here:
        await fed(stage, here.bus)
        await here.automatic.once()
        after = await failed(stage, "b", 2)
        stage.pipeline.script("one", lambda _: _nothing())
        good = await stage.ask("c", 3)
        async with serving(stage.worker()):
            await stage.until(good, "succeeded")
        await fed(stage, here.bus)
        while await here.automatic.once():
            pass
        assert here.builder.begun == [after]
        assert await here.store.latest(after)
        assert await here.store.latest(before) is None
        assert not await here.automatic.once()
        assert here.builder.begun == [after]


async def _nothing() -> JSON:
    return {}


async def test_who_asks_only_gets_what_is_asked_for(
    stage: Stage, tmp_path: Path
) -> None:
    """With NOFX_BUNDLES=ask nothing is built by itself."""
    async with keeper(stage, tmp_path, wanted=False) as here:
        await here.automatic.once()
        await failed(stage)
        await fed(stage, here.bus)
        while await here.automatic.once():
            pass
        assert here.builder.begun == []


async def test_what_cannot_be_built_holds_up_nothing(
    stage: Stage, tmp_path: Path
) -> None:
    """After three tries the next run has its turn."""
    async with keeper(stage, tmp_path, clock=Hasty(0)) as here:
        await here.automatic.once()
        bad = await failed(stage)
        good = await failed(stage, "b", 2)
        await fed(stage, here.bus)
        here.builder.faults = [OSError(f"{n}") for n in range(TRIES)]
        while await here.automatic.once():
            pass
        assert here.builder.begun == [bad] * TRIES + [good]
        assert await here.store.latest(good)


async def test_a_bug_over_one_run_holds_up_nothing(
    stage: Stage, tmp_path: Path
) -> None:
    """It is met a few times, in the log, and the runs after it have theirs."""
    async with keeper(stage, tmp_path, clock=Hasty(0)) as here:
        await here.automatic.once()
        bad, good = await failed(stage), await failed(stage, "b", 2)
        here.rca.broken = bad
        await fed(stage, here.bus)
        while await here.automatic.once():
            pass
        assert here.rca.met == TRIES
        assert here.builder.begun == [good]
        assert await here.store.of_run(bad) == ()


async def test_one_of_two_processes_builds(stage: Stage, tmp_path: Path) -> None:
    """The other waits until the role is free."""
    async with keeper(stage, tmp_path) as first, keeper(stage, tmp_path) as second:
        await first.automatic.once()
        run_id = await failed(stage)
        await fed(stage, first.bus)
        assert not await second.automatic.once()
        while await first.automatic.once():
            pass
        assert (first.builder.begun, second.builder.begun) == ([run_id], [])


async def test_who_is_told_to_stop_stops_in_the_middle(
    stage: Stage, tmp_path: Path
) -> None:
    """The role and the bundle are free at once for the next."""
    async with keeper(stage, tmp_path) as here:
        await here.automatic.once()
        run_id = await failed(stage)
        await fed(stage, here.bus)
        here.builder.gate.clear()
        running = asyncio.create_task(here.automatic.run())
        await eventually(lambda: bool(here.builder.begun))
        here.automatic.stop()
        async with asyncio.timeout(5):
            await running
        assert here.builder.open_files == 0
    async with keeper(stage, tmp_path) as there:
        while await there.automatic.once():
            pass
        assert there.builder.begun == [run_id]


async def test_what_was_built_of_an_erased_state_goes(
    stage: Stage, tmp_path: Path
) -> None:
    """Whoever erased it may have died before; a bundle begun later stays."""
    async with keeper(stage, tmp_path, wanted=False) as here:
        await here.automatic.once()
        run_id = await failed(stage)
        good = await stage.ask("b", 2)
        stage.pipeline.script("one", lambda _: _nothing())
        async with serving(stage.worker()):
            done = await stage.until(good, "succeeded")
        await here.automatic._rca.ensure(run_id, actor="ann")
        assert done.checkpoint_id is not None
        await Decisions(stage.runs).redact(
            good, done.checkpoint_id, actor="boss", reason="it says too much"
        )
        later = (await here.automatic._rca.ensure(good, actor="ann")).bundle
        await fed(stage, here.bus)
        while await here.automatic.once():
            pass
        assert await here.store.latest(run_id) is None
        assert await here.store.latest(good) == later


async def test_who_erases_a_state_deletes_bundles_too(
    stage: Stage, tmp_path: Path
) -> None:
    """At once, where nobody died."""
    async with keeper(stage, tmp_path) as here:
        run_id = await stage.ask()
        async with serving(stage.worker()):
            done = await stage.until(run_id, "succeeded")
        await here.automatic._rca.ensure(run_id, actor="ann")

        async def forget(repository: str) -> None:
            await here.store.revoke(repository)

        assert done.checkpoint_id is not None
        decisions = Decisions(stage.runs, forget=forget)
        await decisions.redact(run_id, done.checkpoint_id, actor="b", reason="r")
        assert await stage.database.db["bundles"].count_documents({}) == 0
        assert await stage.database.db["bundle_parts"].count_documents({}) == 0


async def test_a_trimmed_feed_is_gone_on_with_where_it_begins(
    stage: Stage, tmp_path: Path
) -> None:
    """What was trimmed is older than anybody keeps; nothing stands still for that."""
    async with keeper(stage, tmp_path) as here:
        await here.automatic.once()
        run_id = await failed(stage)
        await fed(stage, here.bus)
        floor = Roles(stage.database, clock=CLOCK)
        lease = await floor.take(FLOOR, "t", 0)
        assert lease is not None
        await floor.renew(lease, 0, {"oldest": 3})
        while await here.automatic.once():
            pass
        assert here.builder.begun == [run_id]
        assert (await floor.note(ROLE))["position"] > 3
