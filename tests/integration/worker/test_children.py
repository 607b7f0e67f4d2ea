"""What ran in the sandbox for a step stands in the commit that ends the step."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable

import pytest

from core.errors import NofxError
from core.events.base import JSON, Move, Payload
from core.events.schema import SandboxFinished
from core.runs.gates import Check
from core.runs.pipeline import StepContext
from core.sandbox import Command, Sandbox
from tests.fakes.acts import AWAY, OUTDATED, REFUSED
from tests.fakes.stage import Stage, serving

Act = Callable[[StepContext], Awaitable[JSON]]
STOPS = Check(gate="g", outcome="fail", conclusion="failure", reason="3 found")
QUIT = ("import sys; sys.exit(3)", "import os; os.abort()")


def running(sandbox: Sandbox, error: NofxError | None = None) -> Act:
    """Return an act that runs two programs at once, and then may fail."""

    async def act(_: StepContext) -> JSON:
        async with asyncio.TaskGroup() as group:
            for code in QUIT:
                argv = (sys.executable, "-I", "-S", "-c", code)
                group.create_task(sandbox.run(Command(argv=argv)))
        if error is not None:
            raise error
        return {}

    return act


async def told(stage: Stage, run_id: str) -> list[tuple[set[str], SandboxFinished]]:
    """Return each child that the run tells of, with the moves beside it."""
    commits = await stage.runs.journal.read(f"run/{run_id}")
    return [
        (_moves(commit.events), event)
        for commit in commits
        for event in commit.events
        if isinstance(event, SandboxFinished)
    ]


def _moves(events: Iterable[Payload]) -> set[str]:
    return {f"{one.type} {one.transition}" for one in events if isinstance(one, Move)}


@pytest.mark.parametrize(
    ("error", "move"),
    [
        (None, "step.finished succeed"),
        (REFUSED, "step.finished fail"),
        (AWAY, "step.retried back_off"),
        (OUTDATED, "run.state_changed request_cancel"),
    ],
)
async def test_every_child_is_told_of_once(
    stage: Stage, error: NofxError | None, move: str
) -> None:
    """However the step ends, and with what each used."""
    stage.pipeline.script("one", running(Sandbox(), error))
    run_id = await stage.ask()

    await stage.worker().work_one()

    children = await told(stage, run_id)
    assert [move in moves for moves, _ in children] == [True, True]
    events = [event for _, event in children]
    assert {event.exit_code for event in events} == {3, None}
    for event in events:
        assert event.step == "one"
        assert event.program.startswith("python")
        assert event.isolation == await Sandbox().isolation()
        assert min(event.wall_seconds, event.peak_memory_bytes) > 0


async def test_a_step_that_a_gate_holds_up_tells_of_its_children(stage: Stage) -> None:
    """They ran, whatever people will say; when it runs again, they ran again."""
    step = stage.pipeline.script("one", running(Sandbox()))
    step.checks = (STOPS,)
    run_id = await stage.ask()

    await stage.worker().work_one()

    children = await told(stage, run_id)
    assert ["step.retried hold" in moves for moves, _ in children] == [True, True]


async def test_a_run_without_children_tells_of_none(stage: Stage) -> None:
    """Nothing is said of what did not happen, nor of another step's children."""
    stage.pipeline.script("two", running(Sandbox()))
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await stage.until(run_id, "succeeded")

    assert {event.step for _, event in await told(stage, run_id)} == {"two"}
