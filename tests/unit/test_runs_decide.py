"""What may happen to a run next, asked of the rules alone."""

from datetime import timedelta

import pytest

from core.errors import IllegalTransitionError
from core.events import schema
from core.events.base import Move
from core.runs import decide, part_moves, pulls, step_moves
from core.runs.states import RUN, Status
from tests.fakes.clock import NOON
from tests.fakes.commits import HEAD, SUBJECT, Story, committed

WAYS_TO = {
    Status.QUEUED: (),
    Status.RUNNING: ("claim",),
    Status.WAITING_GATE: ("claim", "open_gate"),
    Status.GATE_FAILED: ("claim", "reject_gate"),
    Status.RETRY_WAIT: ("claim", "back_off"),
    Status.PAUSED: ("pause",),
    Status.CANCELLING: ("claim", "request_cancel"),
    Status.CANCELLED: ("cancel",),
    Status.SUCCEEDED: ("claim", "succeed"),
    Status.FAILED: ("claim", "fail"),
    Status.DEAD: ("claim", "exhaust"),
}
LATER = NOON + timedelta(seconds=30)


def names(events: tuple[object, ...]) -> list[str]:
    """Return the transitions of some moves."""
    return [event.transition for event in events if isinstance(event, Move)]


def test_a_run_begins_queued_with_its_whole_cause() -> None:
    """Its first entry holds everything that it will need to know."""
    draft = decide.first_draft("run_1", SUBJECT, NOON)
    (created,) = draft.events
    assert isinstance(created, schema.RunCreated)
    assert (created.transition, created.from_, created.to) == (
        *("enqueue", None, "queued"),
    )
    assert (created.repository, created.pull, created.head_sha) == (
        *("octo/hello", 7, HEAD),
    )
    assert (draft.stream, draft.seq, draft.from_, draft.to) == (
        *("run/run_1", 1, None, "queued"),
    )


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("transition", sorted({name for name, _, _ in RUN.rows()}))
def test_a_run_moves_by_rows_alone(status: Status, transition: str) -> None:
    """A move that is not a row is refused before anything is written."""
    story = Story()
    run = story.move(*WAYS_TO[status])
    assert run.status is status
    if (transition, status) in {(name, from_) for name, from_, _ in RUN.rows()}:
        event = decide.moved(run, transition, actor="tester", due_at=LATER)
        assert (event.from_, event.to) == (status, RUN.step(transition, status))
        assert event.due_at == LATER.isoformat()
    else:
        with pytest.raises(IllegalTransitionError):
            decide.moved(run, transition, actor="tester")


@pytest.mark.parametrize("status", Status)
def test_cancelling_suits_every_state(status: Status) -> None:
    """What nobody holds ends at once, what runs is asked, what ends is left alone."""
    run = Story().move(*WAYS_TO[status])
    events = decide.cancelled(run, actor="alice", reason="no need")
    if status is Status.CANCELLING or status in RUN.terminal:
        assert events == ()
        return
    event = events[-1]
    assert isinstance(event, schema.RunStateChanged)
    wanted = "request_cancel" if status is Status.RUNNING else "cancel"
    assert (event.transition, event.actor, event.reason) == (
        *(wanted, "alice", "no need"),
    )


def test_a_claim_of_a_run_that_waited_takes_it_up_first() -> None:
    """Two moves in one commit: the wait is over, the worker has it."""
    story = Story()
    run = story.move("claim", "back_off")
    events = decide.claimed(run, worker="w", until=LATER)
    assert names(events) == ["due", "claim"]
    assert story.add(*events).status is Status.RUNNING
    assert names(decide.claimed(Story().run, worker="w", until=LATER)) == ["claim"]


@pytest.mark.parametrize(
    "status", sorted(set(Status) - {Status.QUEUED, Status.RETRY_WAIT})
)
def test_nothing_else_can_be_claimed(status: Status) -> None:
    """A second worker, or one that comes too late, is refused."""
    with pytest.raises(IllegalTransitionError):
        decide.claimed(Story().move(*WAYS_TO[status]), worker="w", until=LATER)


def test_a_lost_run_is_queued_again_with_its_steps() -> None:
    """The step that the worker was in begins anew; ended ones stay ended."""
    story = Story()
    story.move("claim")
    story.add(*step_moves.step_started(story.run, "first"))
    story.add(
        step_moves.step_ended(story.run, "first", "succeed"),
        *step_moves.step_started(story.run, "second"),
    )
    story.add(*decide.taken_back(story.run, fence=1, reason="silence"))
    run = story.run
    assert (run.status, run.fence, run.losses) == (Status.QUEUED, 2, 1)
    assert run.steps == {"first": "succeeded", "second": "pending"}
    assert run.owner is None


def test_a_run_that_was_let_go_is_not_taken_back() -> None:
    """Between the look and the grip its holder may have ended it, or another come."""
    story = Story()
    story.move("claim")
    assert decide.taken_back(story.run, fence=0, reason="silence") == ()
    story.move("succeed")
    assert decide.taken_back(story.run, fence=1, reason="silence") == ()


def test_only_claims_and_losses_raise_the_fence() -> None:
    """Every other commit carries it on, also one with several moves."""
    story = Story()
    moves = ("claim", "back_off", "due", "claim", "lose_lease", "pause")
    fences = [0, *(story.move(name).fence for name in moves)]
    assert fences == [0, 1, 1, 1, 2, 3, 3]
    assert [commit.fence for commit in story.commits] == fences


def test_a_draft_stands_at_the_head() -> None:
    """It names the states around it, the next place, and the hash before it."""
    story = Story()
    run = story.move("claim")
    draft = decide.draft(run, [decide.moved(run, "succeed", actor="w")], LATER)
    assert (draft.seq, draft.from_, draft.to) == (3, "running", "succeeded")
    assert draft.prev_hash == story.commits[-1].stored_hash
    assert (draft.time, draft.state) == (LATER, None)
    quiet = decide.draft(run, step_moves.step_started(run, "first"), LATER, state={})
    assert (quiet.from_, quiet.to, quiet.state) == ("running", "running", {})


def test_a_step_counts_its_attempts() -> None:
    """One that was put off becomes pending before it starts again."""
    story = Story()
    story.move("claim")
    (first,) = step_moves.step_started(story.run, "snapshot")
    story.add(first)
    story.add(*step_moves.steps_put_back(story.run, "back_off", "GitHub is away"))
    assert story.run.step("snapshot") == "retry_wait"
    again = step_moves.step_started(story.run, "snapshot")
    assert names(again) == ["due", "start"]
    run = story.add(*again)
    assert (run.step("snapshot"), run.step_attempts["snapshot"]) == ("running", 2)


def test_a_step_cannot_end_twice_or_before_it_began() -> None:
    """Its table holds as the run's does."""
    story = Story()
    story.move("claim")
    with pytest.raises(IllegalTransitionError):
        step_moves.step_ended(story.run, "snapshot", "succeed")
    story.add(*step_moves.step_started(story.run, "snapshot"))
    story.add(step_moves.step_ended(story.run, "snapshot", "fail", error="no"))
    with pytest.raises(IllegalTransitionError):
        step_moves.step_ended(story.run, "snapshot", "succeed")


def test_cancelling_a_run_cancels_what_it_began() -> None:
    """Ended steps keep their end, unbegun ones need none."""
    story = Story()
    story.move("claim")
    story.add(*step_moves.step_started(story.run, "first"))
    story.add(
        step_moves.step_ended(story.run, "first", "succeed"),
        *step_moves.step_started(story.run, "second"),
    )
    run = story.add(*step_moves.steps_cancelled(story.run))
    assert run.steps == {"first": "succeeded", "second": "cancelled"}
    assert step_moves.steps_cancelled(run) == ()


def test_an_effect_is_intended_before_all_else() -> None:
    """And a refused or missing one may be intended again, a performed one never."""
    story = Story()
    for step in ("fail", "miss", "find"):
        story.add(part_moves.effect_intended(story.run, "review", "review", "d"))
        with pytest.raises(IllegalTransitionError):
            part_moves.effect_intended(story.run, "review", "review", "d")
        if step == "fail":
            story.add(part_moves.effect_failed(story.run, "review", "422"))
            continue
        found = {"id": 1} if step == "find" else None
        story.add(part_moves.effect_reconciled(story.run, "review", found))
    assert story.run.effects["review"].result == {"id": 1}
    with pytest.raises(IllegalTransitionError):
        part_moves.effect_intended(story.run, "review", "review", "d")
    with pytest.raises(IllegalTransitionError):
        part_moves.effect_failed(story.run, "review", "422")


def test_a_finding_moves_by_its_table() -> None:
    """A filtered one is never posted."""
    filtered = part_moves.finding_moved(
        schema.FindingFiltered, "f", "proposed", reason="style"
    )
    assert (filtered.to, filtered.reason) == ("filtered", "style")
    with pytest.raises(IllegalTransitionError):
        part_moves.finding_moved(schema.FindingAnchored, "f", "filtered")


def test_the_newest_request_of_a_pull_is_current() -> None:
    """And a request is found again by its name."""
    stream = pulls.pull_stream("octo/hello", 7)
    pull = pulls.fold(stream, [])
    assert (pull.current, pull.by_request("d1"), pull.head_seq) == (None, None, 0)
    commits = []
    for number in (1, 2):
        request = schema.RunRequested(
            run_id=f"run_{number}",
            head_sha=HEAD,
            request_id=f"d{number}",
            reason="push",
        )
        commits.append(committed(pulls.draft(pull, request, NOON)))
        pull = pulls.fold(stream, commits)
    assert pull.current is not None
    assert pull.current.run_id == "run_2"
    first = pull.by_request("d1")
    assert first is not None
    assert first.run_id == "run_1"
    assert commits[1].prev_hash == commits[0].stored_hash


def test_a_cancelled_run_leaves_no_step_waiting() -> None:
    """A step that waited for its next try ends with its run, in one commit."""
    story = Story()
    story.move("claim")
    story.add(*step_moves.step_started(story.run, "analyze"))
    story.add(
        *step_moves.steps_put_back(story.run, "back_off", "out of order"),
        decide.moved(story.run, "back_off", actor="w"),
    )
    run = story.add(*decide.cancelled(story.run, actor="alice", reason="enough"))

    assert (run.status, run.step("analyze")) == (Status.CANCELLED, "cancelled")


def test_a_paused_run_says_why() -> None:
    """Until it is resumed, which says nothing any more."""
    story = Story()
    paused = story.add(*decide.paused(story.run, actor="alice", reason="lunch"))
    assert paused.outcome == "lunch"

    resumed = story.add(decide.moved(paused, "resume", actor="alice"))
    assert resumed.outcome == ""
