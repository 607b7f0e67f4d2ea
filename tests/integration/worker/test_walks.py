"""Workers take runs through their steps, one checkpoint after the other."""

import asyncio

import pytest

from core.store.database import Database
from tests.fakes.acts import AWAY, FROZEN, leaving, raising, taken_back, waiting
from tests.fakes.stage import Stage, fine, serving, staged
from tests.fakes.waiting import eventually


async def test_a_run_walks_its_steps_in_order_and_succeeds(stage: Stage) -> None:
    """Each step sees what the ones before it left; nothing has to be closed."""
    stage.pipeline.script("one", leaving(found=3))
    run_id = await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    assert (run.id, run.status, run.steps) == (
        *(run_id, "succeeded", {"one": "succeeded", "two": "succeeded"}),
    )
    assert stage.pipeline.by_name["two"].seen == [{"found": 3}]
    assert await stage.runs.state_of(run) == {"found": 3}
    assert await stage.moves(run_id) == ["enqueue", "claim", "succeed"]
    assert stage.pipeline.closed == []
    shown = await stage.shown(run_id)
    assert (shown["status"], shown["active"], "lease" in shown) == (
        *("succeeded", False, False),
    )
    # Created, claimed and begun at once, and then one write a step.
    assert shown["head_seq"] == run.head_seq == 4


async def test_nothing_due_is_nothing_to_do(stage: Stage) -> None:
    """An idle worker says so."""
    assert await stage.worker().work_one() is None


async def test_checkpoints_form_one_chain(stage: Stage) -> None:
    """Each names the one before it, also where a commit holds two."""
    run_id = await stage.ask()
    await stage.worker().work_one()
    commits = await stage.runs.journal.read(f"run/{run_id}")
    found = [
        event.stored()["data"]
        for commit in commits
        for event in commit.events
        if event.type == "checkpoint.captured"
    ]
    assert [(one["kind"], one["step"]) for one in found] == [
        *(("before", "one"), ("after", "one")),
        *(("before", "two"), ("after", "two")),
    ]
    ids = [one["checkpoint_id"] for one in found]
    assert [one["parents"] for one in found] == [[], *([one] for one in ids[:-1])]


async def test_a_large_state_goes_to_the_blobs_and_comes_back(stage: Stage) -> None:
    """The journal keeps its digest; the worker after a pause reads it again."""
    large = "x" * 40_000
    stage.pipeline.script("one", leaving(text=large))
    stage.pipeline.script("two", raising(AWAY), leaving(more=1))
    run_id = await stage.ask()
    async with serving(stage.worker()):
        run = await stage.until(run_id, "succeeded")
    assert run.state is None
    assert run.state_digest is not None
    assert await stage.runs.state_of(run) == {"text": large, "more": 1}
    assert stage.pipeline.by_name["two"].seen == [{"text": large}] * 2
    commits = await stage.runs.journal.read(f"run/{run_id}")
    assert all(len(str(commit.document())) < 16_000 for commit in commits)


@pytest.mark.parametrize("damage", ["purged", "damaged"])
async def test_a_lost_state_fails_the_run(stage: Stage, damage: str) -> None:
    """Nobody can go on from it, so the run says so instead of losing its workers."""
    stage.pipeline.script("one", leaving(text="x" * 40_000))
    stage.pipeline.script("two", raising(AWAY))
    run_id = await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    blobs = stage.database.db["blobs"]
    if damage == "purged":
        await blobs.delete_many({})
    else:
        await blobs.update_many({}, {"$set": {"data": b"nonsense"}})
    async with serving(stage.worker()):
        run = await stage.until(run_id, "failed")
    assert "its last checkpoint cannot be read" in run.outcome
    assert [ending.kind for _, ending in stage.pipeline.closed] == ["failed"]


async def test_finished_steps_are_not_run_again(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A worker that takes over goes on from the last checkpoint."""
    stage.pipeline.script("one", leaving(early=True))
    second = stage.pipeline.script("two", waiting(gate), fine)
    await stage.ask()
    doomed = asyncio.create_task(stage.worker("doomed", pace=FROZEN).work_one())
    await eventually(lambda: second.seen != [])
    doomed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doomed
    await taken_back(stage)
    run = await stage.worker("next").work_one()
    assert run is not None
    assert (run.status, run.step_attempts) == ("succeeded", {"one": 1, "two": 2})
    assert stage.pipeline.ran() == ["one*1", "two*2"]
    assert stage.pipeline.by_name["two"].seen == [{"early": True}] * 2


async def test_a_run_with_nothing_left_to_do_succeeds(stage: Stage) -> None:
    """Its last step was the last of a pipeline that has grown shorter since."""
    stage.pipeline.script("two", raising(AWAY))
    run_id = await stage.ask()
    await stage.worker().work_one()
    del stage.pipeline.by_name["two"]
    async with serving(stage.worker()):
        run = await stage.until(run_id, "succeeded")
    assert run.steps == {"one": "succeeded", "two": "retry_wait"}


async def test_a_worker_leaves_runs_of_other_pipelines(stage: Stage) -> None:
    """They are another's; its own are worked."""
    await stage.ask(pull=1, pipeline="elsewhere")
    own = await stage.ask(pull=2)
    run = await stage.worker().work_one()
    assert run is not None
    assert run.id == own
    assert await stage.worker().work_one() is None


async def test_many_runs_and_two_workers(database: Database) -> None:
    """Each run is run once, by one of them."""
    stage = await staged(database, ["only"])
    ids = [await stage.ask(pull=number) for number in range(1, 25)]
    workers = [stage.worker(name, own=True) for name in ("left", "right")]
    async with serving(*workers):
        for run_id in ids:
            await stage.until(run_id, "succeeded")
    assert stage.pipeline.ran() == [f"only*{len(ids)}"]
    for run_id in ids:
        assert (await stage.run(run_id)).fence == 1


async def test_one_run_and_many_workers(stage: Stage) -> None:
    """All reach for it at once, and one gets it, also among those of one name."""
    run_id = await stage.ask()
    workers = [stage.worker(own=True) for _ in range(8)]
    found = await asyncio.gather(*(worker.work_on(run_id) for worker in workers))
    (run,) = [one for one in found if one is not None]
    assert (run.status, run.fence) == ("succeeded", 1)
    assert stage.pipeline.ran() == ["one*1", "two*1"]
