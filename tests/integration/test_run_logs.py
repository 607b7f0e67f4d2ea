"""The log lines of runs: whose they are, and that they are kept with the run."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog

from core.clock import SystemClock
from core.errors import NofxError
from core.events.base import JSON
from core.runs.gates import Check
from core.runs.kept_logs import logged_tries
from core.runs.pipeline import StepContext
from core.store.blobs import BLOBS
from core.store.database import Database
from core.store.garbage import collect
from tests.fakes.acts import AWAY, REFUSED, raising, waiting
from tests.fakes.cli import nofx
from tests.fakes.clock import FakeClock
from tests.fakes.log_lines import HOOK, Logged, production_log
from tests.fakes.stage import QUICK, Act, Stage, fine, serving, staged

log = structlog.get_logger("test")


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`."""
    stage = await staged(database)
    yield stage
    await stage.close()


@pytest.fixture(autouse=True)
def logged() -> Iterator[Logged]:
    """Log as in production."""
    with production_log() as logged:
        yield logged


def saying(*words: str, then: Act = fine) -> Act:
    """Return an act that logs words and goes on with another."""

    async def act(context: StepContext) -> JSON:
        for word in words:
            log.info(word)
            await asyncio.sleep(0)
        return await then(context)

    return act


async def kept(stage: Stage, run_id: str) -> list[tuple[str, int, list[str]]]:
    """Return what was kept of a run: the step, its try, the words."""
    found = []
    for one in logged_tries(await stage.runs.history(run_id)):
        lines, _ = await stage.runs.logs.read(one.digest)
        for line in lines:
            assert (line["run_id"], line["step"]) == (run_id, one.step)
        found.append((one.step, one.attempt, [line["event"] for line in lines]))
    return found


async def test_each_step_keeps_its_own_lines(stage: Stage, logged: Logged) -> None:
    """Those of tasks, threads and libraries that it used as well."""

    async def busy(_: StepContext) -> JSON:
        async def beside() -> None:
            log.warning("task")

        await asyncio.create_task(beside())
        await asyncio.to_thread(logging.getLogger("library").error, "from %s", "C")
        return {}

    stage.pipeline.script("one", saying("a", "b", then=busy))
    stage.pipeline.script("two", saying("c"))
    run_id = await stage.ask()
    await stage.worker().work_one()
    assert await kept(stage, run_id) == [
        ("one", 1, ["a", "b", "task", "from C"]),
        ("two", 1, ["c"]),
    ]
    for line in logged.lines("step.finished"):
        assert line["run_id"] == run_id


async def test_a_quiet_step_stores_nothing(stage: Stage) -> None:
    """What the journal says itself is not said again in a log."""
    run_id = await stage.ask()
    await stage.worker().work_one()
    assert await kept(stage, run_id) == []
    assert await stage.database.db["blobs"].find({}).to_list(None) == []


async def test_every_try_keeps_its_lines(stage: Stage) -> None:
    """Put off, and then broken: the trace of the bug is there."""
    first = saying("first", then=raising(AWAY))
    second = saying("second", then=raising(ZeroDivisionError()))
    stage.pipeline.script("two", first, second)
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await stage.until(run_id, "failed")
    assert await kept(stage, run_id) == [
        ("two", 1, ["first", "run.put_off"]),
        ("two", 2, ["second", "step.crashed"]),
    ]
    last = logged_tries(await stage.runs.history(run_id))[-1]
    lines, _ = await stage.runs.logs.read(last.digest)
    assert "ZeroDivisionError" in lines[-1]["exception"]


async def test_what_is_said_at_a_bad_end_is_kept(stage: Stage) -> None:
    """A step that GitHub refused, and a check run that could not be closed."""
    stage.pipeline.script("one", saying("a", then=raising(REFUSED)))
    stage.pipeline.closing = raising(ZeroDivisionError())
    run_id = await stage.ask()
    await stage.worker().work_one()
    assert await kept(stage, run_id) == [("one", 1, ["a", "run.unclosed"])]


async def test_a_step_at_a_gate_keeps_its_lines(stage: Stage) -> None:
    """They are those of the try that the gate held up."""
    held = Check(gate="one", outcome="fail", conclusion="failure", reason="no")
    stage.pipeline.script("one", saying("a")).checks = (held,)
    run_id = await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    assert run.status == "gate_failed"
    assert await kept(stage, run_id) == [("one", 1, ["a"])]


async def test_a_cancelled_step_keeps_its_lines(stage: Stage) -> None:
    """Also what was said while the run was closed."""
    begun = asyncio.Event()

    async def hang(context: StepContext) -> JSON:
        begun.set()
        return await waiting(asyncio.Event())(context)

    stage.pipeline.script("one", saying("a", then=hang))
    stage.pipeline.closing = saying("closing")
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await begun.wait()
        await stage.runs.cancel(run_id, actor="alice", reason="enough")
        await stage.until(run_id, "cancelled")
    assert await kept(stage, run_id) == [("one", 1, ["a", "closing"])]


async def test_a_step_that_a_drain_cuts_off_keeps_its_lines(stage: Stage) -> None:
    """Whoever goes on with the run can read how far the first came."""
    begun = asyncio.Event()

    async def hang(context: StepContext) -> JSON:
        begun.set()
        return await waiting(asyncio.Event())(context)

    stage.pipeline.script("one", saying("a", then=hang), saying("b"))
    run_id = await stage.ask()
    async with serving(stage.worker(pace=replace(QUICK, drain=0.0))):
        await begun.wait()
    async with serving(stage.worker("other", own=True)):
        await stage.until(run_id, "succeeded")
    assert await kept(stage, run_id) == [("one", 1, ["a"]), ("one", 2, ["b"])]


async def test_runs_side_by_side_do_not_mix(stage: Stage, logged: Logged) -> None:
    """Nor does a run leave its name on what comes after it in the same slot."""

    async def named(context: StepContext) -> JSON:
        return await saying(*[context.run.id] * 5)(context)

    stage.pipeline.script("one", named)
    ids = [await stage.ask(pull=number) for number in range(1, 7)]
    async with serving(stage.worker()):
        for run_id in ids:
            await stage.until(run_id, "succeeded")
    for run_id in ids:
        assert await kept(stage, run_id) == [("one", 1, [run_id] * 5)]
    for line in logged.lines():
        if line["event"] in ids:
            assert line["run_id"] == line["event"]
    log.info("afterwards")
    assert "run_id" not in logged.lines("afterwards")[0]


async def test_what_works_for_all_names_nobody(
    stage: Stage, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process's appender outlives the run that happened to wake it."""
    sink = stage.runs.journal._appender._sink
    insert = sink.insert

    async def talking(commits: Any) -> Any:
        log.info("inserting")
        return await insert(commits)

    monkeypatch.setattr(sink, "insert", talking)
    await stage.ask()
    await stage.worker().work_one()
    assert logged.lines("inserting")
    assert not any("run_id" in line for line in logged.lines("inserting"))


async def test_no_secret_is_kept(stage: Stage) -> None:
    """What is stored went through the log's mask."""

    async def leaks(_: StepContext) -> JSON:
        log.info("sent", header=f"key {HOOK}", deep=[{"x": HOOK}])
        raise LeakError(secret=HOOK)

    class LeakError(NofxError):
        """Says too much."""

        message = "it was {secret}"
        hint = "None."

    stage.pipeline.script("one", leaks)
    run_id = await stage.ask()
    await stage.worker().work_one()
    (one,) = logged_tries(await stage.runs.history(run_id))
    shown = json.dumps(await stage.runs.logs.read(one.digest))
    assert "sent" in shown
    assert HOOK not in shown


async def test_a_sweep_leaves_the_logs(stage: Stage) -> None:
    """They live as long as the journal names them."""
    stage.pipeline.script("one", saying("a"))
    run_id = await stage.ask()
    await stage.worker().work_one()
    later = FakeClock(SystemClock().now() + timedelta(days=30))
    swept = await collect(stage.database, later)
    assert (swept.kept, swept.deleted) == (1, 0)
    assert await kept(stage, run_id) == [("one", 1, ["a"])]


async def test_many_lines_are_counted(stage: Stage) -> None:
    """The first and the last are there, and the number of the rest."""

    async def chatters(_: StepContext) -> JSON:
        for number in range(5000):
            log.info("line", number=number)
        return {}

    stage.pipeline.script("one", chatters)
    run_id = await stage.ask()
    await stage.worker().work_one()
    (one,) = logged_tries(await stage.runs.history(run_id))
    lines, left_out = await stage.runs.logs.read(one.digest)
    assert len(lines) + left_out == 5000
    assert (lines[0]["number"], lines[-1]["number"]) == (0, 4999)
    assert len(json.dumps(lines)) < 400_000


async def test_lines_that_cannot_be_stored_are_given_up(
    stage: Stage, logged: Logged
) -> None:
    """The run goes on, and the log says so."""
    refuse = {"$jsonSchema": {"required": ["never"]}}
    await stage.database.db.command("collMod", "blobs", validator=refuse)
    stage.pipeline.script("one", saying("a"))
    await stage.ask()
    run = await stage.worker().work_one()
    rules = BLOBS[0].validator
    await stage.database.db.command("collMod", "blobs", validator=rules)
    assert run is not None
    assert run.status == "succeeded"
    (lost,) = logged.lines("run_log.lost")
    assert (lost["lines"], lost["run_id"], lost["step"]) == (1, run.id, "one")


async def test_the_command_line_leads_to_the_lines(
    stage: Stage, mongodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks at a run that failed is told where its log is."""
    stage.pipeline.script("one", fine)
    stage.pipeline.script("two", saying("a", then=raising(REFUSED)))
    run_id = await stage.ask()
    await stage.worker().work_one()
    await stage.shown(run_id)
    url = f"{mongodb_url}{stage.database.db.name}?retryWrites=false"
    monkeypatch.setenv("MONGODB_URL", url)
    shown = await asyncio.to_thread(nofx, "runs", "show", run_id)
    assert f"\nLog: nofx runs logs {run_id}\n" in shown.stdout, shown.output
    logs = await asyncio.to_thread(nofx, "runs", "logs", run_id, "--step", "two")
    assert logs.stdout.splitlines()[0] == "two"
    assert logs.stdout.splitlines()[1].split()[1:] == ["info", "a"]
    quiet = await asyncio.to_thread(nofx, "runs", "logs", run_id, "--step", "one")
    assert quiet.stdout == "Nothing was logged that fits.\n"
