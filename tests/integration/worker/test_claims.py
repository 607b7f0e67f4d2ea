"""Many runs wait, and each repository gets its turn within its limits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from core.errors import GitHubRateLimitedError
from core.events.base import JSON
from core.runs.lanes import Lane
from core.runs.pipeline import StepContext
from core.runs.turns import Caps
from core.store.database import Database
from tests.fakes.acts import raising, waiting
from tests.fakes.stage import QUICK, Stage, fine, serving, staged
from tests.fakes.waiting import eventually

WIDE = replace(QUICK, slots=6)


@pytest.fixture
async def stage(database: Database) -> Stage:
    """Give a stage with one step, whose runs say which repository they are of."""
    return await staged(database, ["only"])


def counting(stage: Stage, gate: asyncio.Event) -> tuple[list[str], list[int]]:
    """Let the step note the repositories in order, and how many are held each time."""
    order: list[str] = []
    now: dict[str, int] = {}
    most = [0]

    async def act(context: StepContext) -> JSON:
        name = context.run.subject.repository
        order.append(name)
        now[name] = now.get(name, 0) + 1
        most[0] = max(most[0], now[name])
        await gate.wait()
        await asyncio.sleep(0.02)
        now[name] -= 1
        return {}

    stage.pipeline.script("only", act)
    return order, most


async def queue(stage: Stage, repository: str, count: int, **more: Any) -> list[str]:
    """Queue runs of a repository, as the process that received the webhooks does."""
    return [
        await stage.ask(pull=number, repository=repository, **more)
        for number in range(1, count + 1)
    ]


async def test_a_flooded_repository_starves_no_other(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Among a hundred runs of one, the two of the others come at once."""
    order, _ = counting(stage, gate)
    gate.set()
    await queue(stage, "flood/flood", 100)
    for name in ("a/quiet", "z/quiet"):
        await queue(stage, name, 1)
    worker = stage.worker(own=True)
    for _ in range(5):
        await worker.work_one()
    assert {"a/quiet", "z/quiet"} <= set(order[:4])


async def test_people_are_served_before_pushes(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A command waits for no backlog; a run that a person resumed does not either."""
    order, _ = counting(stage, gate)
    gate.set()
    await queue(stage, "a/pushes", 3)
    (resumed,) = await queue(stage, "b/resumed", 1)
    await queue(stage, "c/command", 1, priority=Lane.PERSON)
    await stage.runs.pause(resumed, actor="alice", reason="")
    await stage.runs.resume(resumed, actor="alice", reason="")
    worker = stage.worker(own=True)
    for _ in range(3):
        await worker.work_one()
    assert order == ["b/resumed", "c/command", "a/pushes"]


@pytest.mark.parametrize("own", [True, False], ids=["looked up", "noted"])
async def test_one_worker_keeps_to_its_limits(
    stage: Stage, gate: asyncio.Event, *, own: bool
) -> None:
    """Two of a repository at once, however many slots are free; the rest come later."""
    order, most = counting(stage, gate)
    ids = await queue(stage, "a/a", 6)
    ids += await queue(stage, "b/b", 3)
    worker = stage.worker(pace=WIDE, own=own, caps=Caps(repository=2))
    async with serving(worker):
        await eventually(lambda: len(order) == 4)
        await asyncio.sleep(3 * WIDE.poll)
        assert sorted(order) == ["a/a", "a/a", "b/b", "b/b"]
        gate.set()
        for run_id in ids:
            await stage.until(run_id, "succeeded")
    assert most == [2]


async def test_an_installation_is_limited_too(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its repositories share its places."""
    order, _ = counting(stage, gate)
    for name in ("a/a", "b/b", "c/c"):
        await queue(stage, name, 1, installation_id=7)
    await queue(stage, "d/d", 1, installation_id=8)
    worker = stage.worker(pace=WIDE, caps=Caps(installation=2))
    async with serving(worker):
        await eventually(lambda: len(order) == 3)
        await asyncio.sleep(3 * WIDE.poll)
        assert sorted(order) == ["a/a", "b/b", "d/d"]
        gate.set()


async def test_several_workers_see_what_the_others_hold(
    stage: Stage, gate: asyncio.Event
) -> None:
    """One that comes later finds the places taken."""
    order, _ = counting(stage, gate)
    await queue(stage, "a/a", 4)
    first = stage.worker("first", own=True, pace=WIDE, caps=Caps(repository=2))
    async with serving(first):
        await eventually(lambda: len(order) == 2)
        await eventually_so(lambda: held(stage), 2)
        later = stage.worker("later", own=True, caps=Caps(repository=2))
        assert await later.work_one() is None
        gate.set()


async def held(stage: Stage) -> int:
    """Return how many runs the projection shows as running."""
    return len(await stage.runs.projection.held())


async def eventually_so(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Return once the answer is what is wanted."""
    while True:
        if await ask() == wanted:
            return
        await asyncio.sleep(0.01)


async def test_retries_that_have_no_room_hide_no_others(
    stage: Stage, gate: asyncio.Event
) -> None:
    """They line up in their repository's queue, and are worked in the end."""
    past = GitHubRateLimitedError(kind="primary", retry_at=stage.runs.clock.now())
    stage.pipeline.script("only", raising(past))
    retries = await queue(stage, "a/retries", 3)
    first = stage.worker()
    for run_id in retries:
        await first.work_on(run_id)
    stage.pipeline.script("only", waiting(gate))
    worker = stage.worker(pace=WIDE, caps=Caps(repository=1))
    async with serving(worker):

        async def statuses() -> list[str]:
            return sorted([(await stage.run(one)).status for one in retries])

        await eventually_so(statuses, ["queued", "queued", "running"])
        gate.set()
        for run_id in retries:
            await stage.until(run_id, "succeeded")


async def test_a_note_that_is_out_of_date_is_looked_up(stage: Stage) -> None:
    """A run that moved on since it was released is still claimed, as it is now."""
    stage.pipeline.script("only", fine)
    run_id = await stage.ask()
    other = stage.other_process()
    await other.pause(run_id, actor="alice", reason="")
    await other.resume(run_id, actor="alice", reason="")
    run = await stage.worker().work_one()
    assert run is not None
    assert (run.id, run.status, run.fence) == (run_id, "succeeded", 1)


async def test_more_notes_than_fit_are_looked_up(stage: Stage) -> None:
    """The queue has them all."""
    ids = await queue(stage, "a/a", 105)
    async with serving(stage.worker(pace=WIDE)):
        for run_id in ids:
            await stage.until(run_id, "succeeded")
    assert stage.pipeline.ran() == ["only*105"]
