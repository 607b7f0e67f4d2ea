"""Steps fail, hang and lie, and their runs come to a right end."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import SystemClock
from core.errors import (
    AnalyzerUnavailableError,
    GitHubRateLimitedError,
    GitHubUnavailableError,
)
from core.events.base import JSON
from core.events.schema import StepFinished
from core.runs import decide
from core.runs.model import Run
from core.runs.pipeline import StepContext
from core.runs.retries import Retries, Retry
from tests.fakes.acts import (
    AWAY,
    FROZEN,
    OUTDATED,
    REFUSED,
    SHORT,
    cancelling,
    leaving,
    raising,
    taken_back,
    waiting,
    writing,
)
from tests.fakes.stage import HASTY, Remote, Stage, fine, serving


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
    at = SystemClock().now() + timedelta(hours=1)
    limited = GitHubRateLimitedError(kind="primary", retry_at=at)
    stage.pipeline.script("one", raising(limited))
    run_id = await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    assert (run.status, run.due_at) == ("retry_wait", at)
    assert (await stage.shown(run_id))["due_at"] == at
    assert await stage.worker().work_one() is None
    assert await stage.worker().work_on(run_id) is None


async def test_a_rate_limit_costs_no_attempt(stage: Stage) -> None:
    """However often GitHub says when to come back, the run has its chances left."""
    past = GitHubRateLimitedError(kind="primary", retry_at=SystemClock().now())
    stage.pipeline.script("one", *[raising(past)] * 5, fine)
    run_id = await stage.ask()
    async with serving(stage.worker()):
        run = await stage.until(run_id, "succeeded")
    assert (run.attempt, run.step_attempts["one"]) == (1, 6)
    assert (await stage.moves(run_id)).count("wait_turn") == 5


async def test_nothing_is_waited_for_past_the_deadline(stage: Stage) -> None:
    """A limit that holds for years ends the run at once, with the reason."""
    at = SystemClock().now().replace(year=2100)
    limited = GitHubRateLimitedError(kind="primary", retry_at=at)
    stage.pipeline.script("one", raising(limited))
    await stage.ask()
    run = await stage.worker().work_one()
    assert run is not None
    assert run.status == "dead"
    assert "until 2100-" in run.outcome
    assert "its time is over before the next attempt" in run.outcome
    assert [ending.kind for _, ending in stage.pipeline.closed] == ["dead"]


async def test_a_step_does_not_outlast_the_run(
    stage: Stage, gate: asyncio.Event
) -> None:
    """It is stopped at the run's deadline, though its own limit is far off."""
    stage.pipeline.script("one", waiting(gate))
    await stage.ask()
    limits = replace(HASTY, run_seconds=0.3)
    run = await stage.worker(limits=limits).work_one()
    assert run is not None
    assert run.status == "dead"
    assert stage.pipeline.ran() == ["one*1", "two*0"]


async def test_a_run_that_waited_too_long_is_dead_until_a_person_asks(
    stage: Stage,
) -> None:
    """Nothing of it is run; being resumed would have begun its time anew."""
    late = await stage.ask(pull=1)
    again = await stage.ask(pull=2)
    handle = await stage.runs.handle(again)
    await handle.append(lambda run: decide.paused(run, actor="alice", reason="wait"))
    await asyncio.sleep(0.5)
    await handle.append(lambda run: (decide.moved(run, "resume", actor="alice"),))
    limits = replace(HASTY, run_seconds=0.45)
    run = await stage.worker(limits=limits).work_on(late)
    assert run is not None
    assert (run.status, run.outcome) == (
        *("dead", "not done 0.45 seconds after it was queued"),
    )
    assert stage.pipeline.ran() == ["one*0", "two*0"]
    other = await stage.worker().work_on(again)
    assert other is not None
    assert other.status == "succeeded"
    assert other.queued_at > other.created_at


async def test_outages_of_one_kind_leave_another_its_attempts(stage: Stage) -> None:
    """Two of GitHub's, then two of the analyzer's: neither has had three."""
    gone = AnalyzerUnavailableError(name="ruff", path="/bin/ruff")
    three = Retry(attempts=3, base=0.02)
    policy = Retries(rest=three, by_error={GitHubUnavailableError: three})
    mixed = [raising(one) for one in (AWAY, AWAY, gone, gone)]
    stage.pipeline.script("one", *mixed, fine)
    run_id = await stage.ask()
    async with serving(stage.worker(limits=replace(HASTY, retries=policy))):
        run = await stage.until(run_id, "succeeded", "dead")
    assert (run.status, run.attempt) == ("succeeded", 5)


async def test_attempts_begin_anew_when_a_person_resumes(stage: Stage) -> None:
    """Of one kind, too: whoever resumes it has seen to what was wrong."""
    stage.pipeline.script("one", raising(AWAY), raising(AWAY), raising(AWAY), fine)
    run_id = await stage.ask()
    patient = replace(HASTY, chance=lambda: 0.0)
    for _ in range(2):
        await stage.worker(limits=patient).work_on(run_id)
    assert (await stage.run(run_id)).attempt == 3
    await stage.runs.pause(run_id, actor="alice", reason="")
    await stage.runs.resume(run_id, actor="alice", reason="")
    async with serving(stage.worker(limits=patient)):
        run = await stage.until(run_id, "succeeded", "dead")
    assert (run.status, run.attempt) == ("succeeded", 2)


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


async def test_a_step_that_failed_says_how_long_it_took(stage: Stage) -> None:
    """A person who looks for what took so long finds it."""

    async def slow(_: StepContext) -> JSON:
        await asyncio.sleep(0.05)
        raise REFUSED

    stage.pipeline.script("one", slow)
    run_id = await stage.ask()
    await stage.worker().work_one()
    commits = await stage.runs.journal.read(f"run/{run_id}")
    (failed,) = [
        event
        for commit in commits
        for event in commit.events
        if isinstance(event, StepFinished)
    ]
    assert failed.seconds >= 0.05


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


@pytest.mark.parametrize("hangs", [True, False], ids=["in a step", "in the queue"])
async def test_a_run_that_is_late_while_github_is_away_loses_no_worker(
    stage: Stage, gate: asyncio.Event, *, hangs: bool
) -> None:
    """It ends once GitHub can be told, and says why it really ended."""
    calls: list[str] = []

    async def closing(context: StepContext) -> JSON:
        calls.append(context.run.id)
        if len(calls) <= SHORT.losses + 1:
            raise AWAY
        return {}

    stage.pipeline.closing = closing
    stage.pipeline.script("one", waiting(gate))
    run_id = await stage.ask()
    if not hangs:
        await asyncio.sleep(0.3)
    limits = replace(HASTY, run_seconds=0.3, unheard_seconds=0.05)
    async with serving(stage.worker(pace=SHORT, limits=limits)):
        run = await stage.until(run_id, "dead")
    assert (run.outcome, run.losses) == (
        *("not done 0.3 seconds after it was queued", 0),
    )
    assert stage.pipeline.ran() == [f"one*{int(hangs)}", "two*0"]
    assert len(calls) == SHORT.losses + 2


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


async def test_a_walk_that_breaks_is_left_for_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of nofx itself ends neither the worker nor the run."""
    state_of, broken = stage.runs.state_of, [True]

    async def breaking(run: Run) -> JSON:
        if broken.pop() if broken else False:
            raise ZeroDivisionError
        return await state_of(run)

    monkeypatch.setattr(stage.runs, "state_of", breaking)
    run_id = await stage.ask()
    async with serving(stage.worker(pace=SHORT)):
        run = await stage.until(run_id, "succeeded")
    assert run.losses == 1
