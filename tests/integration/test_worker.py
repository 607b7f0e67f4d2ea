"""Workers take runs through steps that fail, hang and lie, to the end of each."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.clock import SystemClock
from core.errors import (
    GitHubInvalidError,
    GitHubRateLimitedError,
    GitHubUnavailableError,
    RunOutdatedError,
    StoreUnavailableError,
)
from core.events.base import JSON
from core.runs import decide
from core.runs.holder import Pace
from core.runs.pipeline import StepContext
from core.store.database import Database, connect
from tests.fakes.stage import (
    HASTY,
    QUICK,
    Act,
    Remote,
    Stage,
    fine,
    serving,
    staged,
)
from tests.fakes.waiting import eventually

AWAY = GitHubUnavailableError(method="GET", path="/pulls/1", reason="no route")
REFUSED = GitHubInvalidError(method="POST", path="/x", status=422, reason="bad")
OUTDATED = RunOutdatedError(head="a" * 40, now="b" * 40)
SHORT = replace(QUICK, lease=1.0, heartbeat=0.05)
# It never beats, as a process that is stopped never does.
FROZEN = replace(QUICK, lease=0.05, heartbeat=60)


@pytest.fixture
async def database(mongodb_url: str) -> AsyncIterator[Database]:
    """Give one database to all these tests; the stage of each clears it."""
    database = connect(mongodb_url, name="test_worker", embedded=True)
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Keep what is logged, for tracebacks with every local take long to draw."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
async def stage(database: Database) -> Stage:
    """Give a stage with the steps `one` and `two`."""
    return await staged(database)


@pytest.fixture
async def gate() -> AsyncIterator[asyncio.Event]:
    """Give what a hanging step waits for; the end of the test opens it."""
    event = asyncio.Event()
    yield event
    event.set()


def raising(error: Exception) -> Act:
    """Return an act that fails so."""

    async def act(_: StepContext) -> JSON:
        raise error

    return act


def waiting(gate: asyncio.Event) -> Act:
    """Return an act that hangs until the gate opens."""

    async def act(_: StepContext) -> JSON:
        await gate.wait()
        return {}

    return act


async def cancelling(_: StepContext) -> JSON:
    """Act as a library that cancels the task it runs in."""
    raise asyncio.CancelledError


def leaving(**state: Any) -> Act:
    """Return an act that adds to the state."""

    async def act(_: StepContext) -> JSON:
        return state

    return act


def writing(remote: Remote, key: str = "review") -> Act:
    """Return an act that writes to the remote once."""

    async def act(context: StepContext) -> JSON:
        return {"wrote": await context.effects.once(remote.write(key))}

    return act


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
    # Created, claimed, begun, and then one write a step.
    assert shown["head_seq"] == run.head_seq == 5


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


async def test_what_is_away_is_tried_again_later(stage: Stage) -> None:
    """The run waits longer each time, then goes on with the step that failed."""
    stage.pipeline.script("two", raising(AWAY), raising(AWAY), fine)
    run_id = await stage.ask()
    async with serving(stage.worker()):
        run = await stage.until(run_id, "succeeded")
    assert await stage.moves(run_id) == [
        *("enqueue", "claim", "back_off", "due", "claim", "back_off"),
        *("due", "claim", "succeed"),
    ]
    assert (run.attempt, run.losses, run.step_attempts) == (3, 0, {"one": 1, "two": 3})
    assert stage.pipeline.ran() == ["one*1", "two*3"]
    assert "lease" not in await stage.shown(run_id)


async def test_a_rate_limit_says_itself_when_to_come_back(stage: Stage) -> None:
    """The run is not due a moment earlier."""
    at = SystemClock().now().replace(year=2100)
    limited = GitHubRateLimitedError(kind="primary", retry_at=at)
    stage.pipeline.script("one", raising(limited))
    run_id = await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    assert (run.status, run.due_at) == ("retry_wait", at)
    assert (await stage.shown(run_id))["due_at"] == at
    assert await stage.worker().work_one() is None
    assert await stage.worker().work_on(run_id) is None


async def test_a_run_that_never_gets_through_is_dead(stage: Stage) -> None:
    """After its attempts it is closed at GitHub, once, with the reason."""
    stage.pipeline.script("one", raising(AWAY))
    run_id = await stage.ask()
    async with serving(stage.worker()):
        run = await stage.until(run_id, "dead")
    assert (run.attempt, run.steps) == (3, {"one": "failed"})
    ((closed, ending),) = stage.pipeline.closed
    assert (closed, ending.kind) == (run_id, "dead")
    assert "no route" in ending.reason
    assert run.outcome == ending.reason


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("secret words"), "one: ZeroDivisionError"),
        (REFUSED, "one: GitHub refused POST /x with 422: bad"),
        (TimeoutError("not the worker's"), "one: TimeoutError"),
    ],
)
async def test_a_bug_or_a_refusal_fails_the_run(
    stage: Stage, error: Exception, words: str
) -> None:
    """Trying again would not help; a bug's own words are not shown to the world."""
    stage.pipeline.script("one", raising(error))
    run_id = await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    assert (run.status, run.outcome, run.steps) == ("failed", words, {"one": "failed"})
    ((closed, ending),) = stage.pipeline.closed
    assert (closed, ending.kind, ending.reason) == (run_id, "failed", words)
    assert "lease" not in await stage.shown(run_id)


async def test_a_state_that_is_no_json_fails_the_run(stage: Stage) -> None:
    """What cannot be kept is a bug of the step that left it."""
    stage.pipeline.script("one", leaving(number=float("nan")))
    await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    assert (run.status, run.state) == ("failed", {})
    assert "cannot be stored as JSON" in run.outcome


async def test_a_step_that_hangs_is_tried_again(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its time is bounded, and running out of it is no bug."""
    stage.pipeline.script("one", waiting(gate), fine)
    run_id = await stage.ask()
    limits = replace(HASTY, step_seconds=0.05)
    async with serving(stage.worker(limits=limits)):
        run = await stage.until(run_id, "succeeded")
    assert run.attempt == 2
    commits = await stage.runs.journal.read(f"run/{run_id}")
    texts = [str(event) for commit in commits for event in commit.events]
    assert any("did not end within 0.05 seconds" in text for text in texts)


async def test_a_head_that_moved_cancels_the_run(stage: Stage) -> None:
    """The push brings a run of its own; this one is closed as cancelled."""
    stage.pipeline.script("two", raising(OUTDATED))
    run_id = await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    assert (run.status, run.steps) == (
        *("cancelled", {"one": "succeeded", "two": "cancelled"}),
    )
    assert await stage.moves(run_id) == [
        *("enqueue", "claim", "request_cancel", "finish_cancel"),
    ]
    ((_, ending),) = stage.pipeline.closed
    assert (ending.kind, ending.reason) == ("cancelled", str(OUTDATED))


async def test_a_running_run_is_cancelled_in_a_moment(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its step is stopped at the next heartbeat, its check closed; the worker lives."""
    assert Pace().heartbeat <= 1
    step = stage.pipeline.script("one", waiting(gate), fine)
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await eventually(lambda: step.seen != [])
        asked = await stage.runs.cancel(run_id, actor="alice", reason="no need")
        assert asked.status == "cancelling"
        run = await stage.until(run_id, "cancelled")
        other = await stage.ask("b")
        await stage.until(other, "succeeded")
    assert run.outcome == "no need"
    assert [ending.kind for _, ending in stage.pipeline.closed] == ["cancelled"]
    shown = await stage.shown(run_id)
    assert (shown["status"], shown["outcome"]) == ("cancelled", "no need")


async def test_a_cancel_that_a_step_runs_into_is_obeyed(stage: Stage) -> None:
    """The next append finds it, before any heartbeat does, and the worker lives on."""
    runs = stage.runs

    async def cancelled(context: StepContext) -> JSON:
        await runs.cancel(context.run.id, actor="alice", reason="no need")
        return {}

    stage.pipeline.script("one", cancelled)
    await stage.ask()
    run = await stage.worker(pace=replace(QUICK, heartbeat=60)).work_one()
    assert run is not None
    assert (run.status, run.steps) == ("cancelled", {"one": "cancelled"})
    assert stage.pipeline.ran() == ["one*1", "two*0"]
    assert [ending.reason for _, ending in stage.pipeline.closed] == ["no need"]


async def test_a_cancel_while_failing_is_obeyed(stage: Stage) -> None:
    """The run that was about to fail ends as its people wanted."""
    runs, closings = stage.runs, stage.pipeline.closed

    async def cancelled(context: StepContext) -> JSON:
        if len(closings) == 1:
            await runs.cancel(context.run.id, actor="alice", reason="no need")
        return {}

    stage.pipeline.script("one", raising(ZeroDivisionError()))
    stage.pipeline.closing = cancelled
    await stage.ask()
    run = await stage.worker(pace=replace(QUICK, heartbeat=60)).work_one()
    assert run is not None
    assert run.status == "cancelled"
    assert [ending.kind for _, ending in closings] == ["failed", "cancelled"]


async def test_a_superseded_run_names_its_heir(
    stage: Stage, gate: asyncio.Event
) -> None:
    """What is shown at GitHub says which run goes on."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    async with serving(stage.worker()):
        await stage.until(run_id, "running")
        await stage.runs.cancel(run_id, actor="nofx", reason="push", by_run="run_2")
        run = await stage.until(run_id, "cancelled")
    assert run.superseded_by == "run_2"
    ((_, ending),) = stage.pipeline.closed
    assert ending.reason == "superseded by run run_2"


async def test_a_queued_run_is_cancelled_at_once(stage: Stage) -> None:
    """No worker ever sees it."""
    run_id = await stage.ask()
    run = await stage.runs.cancel(run_id, actor="alice", reason="no need")
    assert run.status == "cancelled"
    assert await stage.worker().work_one() is None
    assert await stage.worker().work_on(run_id) is None
    assert (await stage.shown(run_id))["status"] == "cancelled"


async def test_cancelling_twice_or_too_late_changes_nothing(stage: Stage) -> None:
    """A run that has ended stays as it is."""
    run_id = await stage.ask()
    ended = await stage.worker().work_one()
    again = await stage.runs.cancel(run_id, actor="alice", reason="late")
    assert again == ended


@pytest.mark.parametrize("trouble", [AWAY, REFUSED, ZeroDivisionError()])
@pytest.mark.parametrize("error", [OUTDATED, ZeroDivisionError()])
async def test_a_close_that_fails_does_not_end_the_worker(
    stage: Stage, error: Exception, trouble: Exception
) -> None:
    """A refusal is lived with, an outage waited out by whoever comes next."""
    stage.pipeline.script("one", raising(error), fine)
    calls: list[str] = []

    async def closing(context: StepContext) -> JSON:
        calls.append(context.run.id)
        if len(calls) == 1:
            raise trouble
        return {}

    stage.pipeline.closing = closing
    run_id = await stage.ask()
    async with serving(stage.worker(pace=SHORT)):
        run = await stage.until(run_id, "cancelled", "failed", "succeeded")
        other = await stage.ask("b")
        await stage.until(other, "succeeded")
    away = isinstance(trouble, GitHubUnavailableError)
    if error is OUTDATED:
        assert (run.status, len(calls)) == ("cancelled", 2 if away else 1)
    else:
        assert run.status == ("succeeded" if away else "failed")
        assert run.losses == (1 if away else 0)


async def test_a_heartbeat_holds_a_run_past_its_lease(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A slow step is not a lost worker."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    async with serving(stage.worker(pace=SHORT)):
        await until_shown(stage, run_id, "running")
        first = (await stage.shown(run_id))["lease"]["until"]
        await asyncio.sleep(SHORT.lease)
        assert SystemClock().now() >= first
        lease = (await stage.shown(run_id))["lease"]
        assert lease["until"] > first
        assert lease["owner"] == "w"
        assert await stage.worker("reaper").reap() == 0
        gate.set()
        run = await stage.until(run_id, "succeeded")
    assert (run.fence, run.losses) == (1, 0)


async def test_a_zombie_that_wakes_can_write_nothing(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its run was taken back and ended by another; GitHub sees one write."""
    remote = Remote()
    woken = asyncio.Event()

    async def asleep(context: StepContext) -> JSON:
        woken.set()
        await gate.wait()
        return await writing(remote, "zombie")(context)

    stage.pipeline.script("two", asleep, writing(remote, "living"))
    run_id = await stage.ask()
    frozen = stage.worker("zombie", pace=FROZEN, own=True)
    zombie = asyncio.create_task(frozen.work_one())
    await woken.wait()
    other = stage.worker("living")
    await lapse()
    assert await other.reap() == 1
    assert await other.reap() == 0
    queued = await stage.shown(run_id)
    assert (queued["status"], queued["losses"], queued["fence"]) == ("queued", 1, 2)
    run = await other.work_one()
    assert run is not None
    assert (run.status, run.fence, run.owner) == ("succeeded", 3, None)
    gate.set()
    left = await zombie
    assert left is not None
    assert remote.kept == ["living"]
    assert await stage.run(run_id) == run
    assert stage.pipeline.ran() == ["one*1", "two*2"]
    assert stage.pipeline.by_name["two"].fences == [1, 3]


async def test_a_zombie_that_wakes_to_a_queued_run_can_write_nothing(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Taken back is taken back, also before another has claimed it."""
    stage.pipeline.script("one", waiting(gate), fine)
    run_id = await stage.ask()
    frozen = stage.worker("zombie", pace=FROZEN, own=True)
    zombie = asyncio.create_task(frozen.work_one())
    await stage.until(run_id, "running")
    await taken_back(stage)
    gate.set()
    await zombie
    assert await stage.moves(run_id) == ["enqueue", "claim", "lose_lease"]
    assert (await stage.shown(run_id))["status"] == "queued"


async def test_a_heartbeat_tells_a_worker_that_it_lost_the_run(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its step is stopped without waiting for the step's end."""
    stage.pipeline.script("one", waiting(gate), fine)
    run_id = await stage.ask()
    slow = stage.worker("slow", pace=replace(QUICK, lease=0.05, heartbeat=0.3))
    walking = asyncio.create_task(slow.work_one())
    await stage.until(run_id, "running")
    await taken_back(stage)
    await walking
    assert (await stage.run(run_id)).status == "queued"
    run = await stage.worker("other").work_one()
    assert run is not None
    assert run.status == "succeeded"


async def test_a_run_that_kills_its_workers_is_buried(
    stage: Stage, gate: asyncio.Event
) -> None:
    """After two losses the next worker closes it instead of walking it again."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    for count in (1, 2):
        await abandoned(stage, run_id)
        await lapse()
        assert await stage.worker().reap() == 1
        assert (await stage.run(run_id)).losses == count
    run = await stage.worker("undertaker").work_one()
    assert run is not None
    assert (run.status, run.losses) == ("dead", 2)
    ((_, ending),) = stage.pipeline.closed
    assert (ending.kind, ending.reason) == ("dead", "2 workers were lost over it")
    assert stage.pipeline.ran() == ["one*2", "two*0"]


async def test_a_lost_cancel_is_finished_by_the_reaper(
    stage: Stage, gate: asyncio.Event
) -> None:
    """Its worker was gone before it heard of it."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await stage.runs.cancel(run_id, actor="alice", reason="no need")
    await lapse()
    assert await stage.worker().reap() == 1
    run = await stage.run(run_id)
    assert (run.status, run.steps) == ("cancelled", {"one": "cancelled"})
    assert [ending.kind for _, ending in stage.pipeline.closed] == ["cancelled"]


async def test_a_reaper_waits_while_github_is_away(
    stage: Stage, gate: asyncio.Event
) -> None:
    """The run keeps its state until its check could be closed."""
    stage.pipeline.script("one", waiting(gate))
    stage.pipeline.closing = raising(AWAY)
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await stage.runs.cancel(run_id, actor="alice", reason="no need")
    await lapse()
    assert await stage.worker().reap() == 0
    assert (await stage.run(run_id)).status == "cancelling"
    stage.pipeline.closing = fine
    assert await stage.worker().reap() == 1
    assert (await stage.run(run_id)).status == "cancelled"


async def test_a_reaper_lets_others_close_what_it_does_not_know(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A process without the pipeline cannot close its runs, and does not fall over."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await stage.runs.cancel(run_id, actor="alice", reason="no need")
    await lapse()
    stage.pipeline.name = "another"
    stranger = stage.worker()
    assert await stranger.reap() == 0
    assert (await stage.run(run_id)).status == "cancelling"


async def test_a_worker_leaves_runs_of_other_pipelines(stage: Stage) -> None:
    """They are another's; its own are worked."""
    await stage.ask(pull=1, pipeline="elsewhere")
    own = await stage.ask(pull=2)
    run = await stage.worker().work_one()
    assert run is not None
    assert run.id == own
    assert await stage.worker().work_one() is None


@pytest.mark.parametrize("lag", ["deleted", "rolled back"])
async def test_a_projection_that_lags_is_folded_forward_by_its_holder(
    stage: Stage, gate: asyncio.Event, lag: str
) -> None:
    """The worker holds the run by the journal, whatever the projection says."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    queued = await stage.shown(run_id)
    async with serving(stage.worker()):
        await stage.until(run_id, "running")
        await until_shown(stage, run_id, "running")
        await put(stage, run_id, queued if lag == "rolled back" else None)
        await until_shown(stage, run_id, "running")
        gate.set()
        run = await stage.until(run_id, "succeeded")
    assert (run.fence, run.losses) == (1, 0)
    assert (await stage.shown(run_id))["status"] == "succeeded"
    assert stage.pipeline.ran() == ["one*1", "two*1"]


async def test_a_projection_that_lags_is_folded_forward_by_a_claim(
    stage: Stage,
) -> None:
    """A run that looks queued and has ended is not run again."""
    run_id = await stage.ask()
    queued = await stage.shown(run_id)
    await stage.worker().work_one()
    done = await stage.shown(run_id)
    await put(stage, run_id, queued)
    assert await stage.worker().work_one() is None
    assert await stage.shown(run_id) == done


async def test_a_projection_that_lags_is_folded_forward_by_the_reaper(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A run that looks lost and has ended, or has a fresh claim, is not taken back."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await lapse()
    lost = await stage.shown(run_id)
    assert await stage.worker().reap() == 1
    async with serving(stage.worker("second")):
        await stage.until(run_id, "running")
        await put(stage, run_id, lost)
        assert await stage.worker().reap() == 0
        gate.set()
        await stage.until(run_id, "succeeded")
        await until_shown(stage, run_id, "succeeded")
    await put(stage, run_id, lost)
    assert await stage.worker().reap() == 0
    assert (await stage.shown(run_id))["status"] == "succeeded"


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
    await lapse()
    await stage.worker().reap()
    run = await stage.worker("next").work_one()
    assert run is not None
    assert (run.status, run.step_attempts) == ("succeeded", {"one": 1, "two": 2})
    assert stage.pipeline.ran() == ["one*1", "two*2"]
    assert stage.pipeline.by_name["two"].seen == [{"early": True}] * 2


async def test_a_step_whose_write_was_unclear_writes_once(stage: Stage) -> None:
    """Lost answers, a crash of the step and a retry leave one write at GitHub."""
    remote = Remote("lost after", "away")
    stage.pipeline.script("one", writing(remote, "first"))
    stage.pipeline.script("two", writing(remote, "second"))
    run_id = await stage.ask()
    async with serving(stage.worker()):
        run = await stage.until(run_id, "succeeded")
    assert remote.kept == ["first", "second"]
    assert {key: one.status for key, one in run.effects.items()} == {
        "first": "performed",
        "second": "performed",
    }


async def test_a_worker_that_stops_finishes_what_it_holds(
    stage: Stage, gate: asyncio.Event
) -> None:
    """And takes nothing more."""
    stage.pipeline.script("one", waiting(gate), fine)
    held = await stage.ask(pull=1)
    worker = stage.worker(pace=replace(QUICK, slots=1))
    serving_task = asyncio.create_task(worker.serve())
    await stage.until(held, "running")
    waits = await stage.ask(pull=2)
    worker.stop()
    gate.set()
    await serving_task
    assert (await stage.run(held)).status == "succeeded"
    assert (await stage.run(waits)).status == "queued"


async def test_a_broken_run_does_not_keep_others_from_being_worked(
    stage: Stage, gate: asyncio.Event
) -> None:
    """A document of no run, or a history that cannot be read, is stepped over."""
    stage.pipeline.script("one", waiting(gate), fine)
    broken = await stage.ask(pull=1)
    lost = await stage.ask(pull=2)
    await abandoned(stage, lost)
    await lapse()
    for run_id in (broken, lost):
        await stage.database.db["journal"].delete_many({"stream": f"run/{run_id}"})
    good = await stage.ask(pull=3)
    async with serving(stage.worker()):
        await stage.until(good, "succeeded")
        assert await stage.worker().reap() == 0


async def test_a_walk_that_breaks_is_left_for_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of nofx itself ends neither the worker nor the run."""
    checkpoints = stage.runs.checkpoints
    capture, broken = checkpoints.capture, [True]

    async def breaking(state: JSON) -> Any:
        if broken.pop() if broken else False:
            raise ZeroDivisionError
        return await capture(state)

    monkeypatch.setattr(checkpoints, "capture", breaking)
    run_id = await stage.ask()
    async with serving(stage.worker(pace=SHORT)):
        run = await stage.until(run_id, "succeeded")
    assert run.losses == 1


async def test_a_worker_lets_go_of_a_run_that_was_paused(stage: Stage) -> None:
    """What moved on under its hands is not its own any more, fence or not."""
    runs = stage.runs

    async def paused(context: StepContext) -> JSON:
        handle = await runs.handle(context.run.id)
        await handle.append(lambda run: (decide.moved(run, "pause", actor="alice"),))
        await asyncio.sleep(2 * QUICK.heartbeat)
        return {}

    stage.pipeline.script("one", paused)
    run_id = await stage.ask()
    await stage.worker().work_one()
    assert await stage.moves(run_id) == ["enqueue", "claim", "pause"]
    assert (await stage.shown(run_id))["status"] == "paused"
    assert stage.pipeline.closed == []


async def test_a_step_that_cancels_itself_is_taken_up_again(stage: Stage) -> None:
    """It is neither a shutdown nor a person's wish; the lease runs out over it."""
    stage.pipeline.script("one", cancelling, fine)
    run_id = await stage.ask()
    left = await stage.worker(pace=FROZEN).work_one()
    assert left is not None
    assert left.status == "running"
    await taken_back(stage)
    run = await stage.worker().work_on(run_id)
    assert run is not None
    assert (run.status, run.losses) == ("succeeded", 1)


async def test_two_that_close_a_lost_run_agree(
    stage: Stage, gate: asyncio.Event
) -> None:
    """The second finds it cancelled, and is content."""
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    await abandoned(stage, run_id)
    await stage.runs.cancel(run_id, actor="alice", reason="no need")
    await lapse()
    calls: list[str] = []

    async def closing(context: StepContext) -> JSON:
        calls.append(context.run.id)
        if len(calls) == 1:
            await stage.worker("other").reap()
        return {}

    stage.pipeline.closing = closing
    assert await stage.worker().reap() == 1
    assert calls == [run_id, run_id]
    assert (await stage.moves(run_id))[-2:] == ["request_cancel", "finish_cancel"]


@pytest.mark.parametrize("method", ["save_all", "heartbeat", "due"])
@pytest.mark.parametrize(
    "error", [StoreUnavailableError(reason="gone"), ZeroDivisionError()]
)
async def test_a_database_that_stumbles_ends_no_worker(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, method: str, error: Exception
) -> None:
    """Whatever fails for a moment, the run comes to its end by the journal."""
    projection = stage.runs.projection
    working, failures = getattr(projection, method), [error, error]

    async def slow(_: StepContext) -> JSON:
        await eventually(lambda: failures == [] or method != "heartbeat")
        return {}

    stage.pipeline.script("one", slow)
    run_id = await stage.ask()

    async def stumbling(*arguments: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return await working(*arguments, **more)

    monkeypatch.setattr(projection, method, stumbling)
    async with serving(stage.worker(pace=SHORT)):
        run = await stage.until(run_id, "succeeded")
        await until_shown(stage, run_id, "succeeded")
    assert failures == []
    assert (run.steps, run.outcome) == ({"one": "succeeded", "two": "succeeded"}, "")


@pytest.mark.parametrize(
    "error", [StoreUnavailableError(reason="gone"), ZeroDivisionError()]
)
async def test_a_reaper_and_a_claim_that_stumble_come_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Neither loop ends before it is told to."""
    worker = stage.worker()
    for target, name in ((worker, "reap"), (stage.runs, "handle")):
        patch_once(monkeypatch, target, name, error)
    run_id = await stage.ask()
    async with serving(worker):
        await stage.until(run_id, "succeeded")


async def test_a_run_with_nothing_left_to_do_succeeds(stage: Stage) -> None:
    """Its last step was the last of a pipeline that has grown shorter since."""
    stage.pipeline.script("two", raising(AWAY))
    run_id = await stage.ask()
    await stage.worker().work_one()
    del stage.pipeline.by_name["two"]
    async with serving(stage.worker()):
        run = await stage.until(run_id, "succeeded")
    assert run.steps == {"one": "succeeded", "two": "retry_wait"}


async def abandoned(stage: Stage, run_id: str) -> None:
    """Let a worker claim the run, begin its first step, and be gone."""
    step = stage.pipeline.by_name["one"]
    begun = len(step.seen)
    doomed = asyncio.create_task(stage.worker("doomed", pace=FROZEN).work_on(run_id))
    await eventually(lambda: len(step.seen) > begun)
    doomed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doomed
    await stage.runs.projector.settled(run_id)


def patch_once(
    patch: pytest.MonkeyPatch, target: object, name: str, error: Exception
) -> None:
    """Let the first call of a method fail."""
    working, failures = getattr(target, name), [error]

    async def failing(*arguments: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return await working(*arguments, **more)

    patch.setattr(target, name, failing)


async def taken_back(stage: Stage) -> None:
    """Reap until there was something to take back."""
    reaper = stage.worker("reaper")
    while True:
        if await reaper.reap():
            return
        await asyncio.sleep(0.01)


async def lapse() -> None:
    """Let the lease of an abandoned run be over."""
    await asyncio.sleep(0.06)


async def put(stage: Stage, run_id: str, document: dict[str, Any] | None) -> None:
    """Put the projection back to what it was, or take it away."""
    key = {"_id": run_id}
    if document is None:
        await stage.database.db["runs"].delete_one(key)
    else:
        await stage.database.db["runs"].replace_one(key, document, upsert=True)


async def until_shown(stage: Stage, run_id: str, status: str) -> None:
    """Wait until the projection says so."""
    while True:
        shown = await stage.runs.projection.get(run_id)
        if shown is not None and shown["status"] == status:
            return
        await asyncio.sleep(0.01)
