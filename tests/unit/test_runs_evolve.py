"""From events to a run: what a history adds up to."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from core.errors import RunNotFoundError
from core.events import schema
from core.events.base import Payload, UnknownEvent
from core.runs import decide, part_moves, step_moves
from core.runs.evolve import evolve, fold
from core.runs.model import TRAIL, Gate, Run
from core.runs.states import RUN, Status
from tests.fakes.clock import NOON
from tests.fakes.commits import RUN_ID, SUBJECT, Story, committed

LATER = NOON + timedelta(seconds=30)


def test_a_run_is_what_it_was_created_with() -> None:
    """A fresh run is queued, due, unheld."""
    run = Story().run
    assert (run.id, run.subject, run.stream) == (RUN_ID, SUBJECT, "run/run_1")
    assert (run.status, run.trail) == (Status.QUEUED, (Status.QUEUED,))
    assert (run.due_at, run.created_at, run.fence) == (NOON, NOON, 0)
    assert (run.owner, run.terminal, run.step("any")) == (None, False, "pending")


def test_no_commits_are_no_run() -> None:
    """And neither is a stream that does not begin with one."""
    with pytest.raises(RunNotFoundError):
        fold("run_x", [])
    stray = committed(
        replace(
            decide.first_draft("run_x", SUBJECT, NOON),
            events=(schema.RunSuperseded(by_run="run_y", head_sha="a"),),
        )
    )
    with pytest.raises(RunNotFoundError):
        evolve(None, stray)


def test_a_holder_is_known_until_it_lets_go() -> None:
    """Also while it is asked to cancel; nobody owns what waits or has ended."""
    story = Story()
    run = story.add(*decide.claimed(story.run, worker="w_7", until=LATER))
    assert (run.owner, run.due_at) == ("w_7", LATER)
    assert story.move("request_cancel").owner == "w_7"
    run = story.move("finish_cancel")
    assert (run.owner, run.finished_at) == (None, NOON)


def test_a_holder_that_is_to_cancel_keeps_its_lease() -> None:
    """Nobody takes the run from it while it closes what stands open."""
    story = Story()
    held = story.add(*decide.claimed(story.run, worker="w_7", until=LATER))
    asked = story.add(decide.moved(held, "request_cancel", actor="alice"))
    assert (asked.owner, asked.due_at) == ("w_7", LATER)
    ended = story.add(decide.moved(asked, "finish_cancel", actor="w_7"))
    assert (ended.owner, ended.due_at) == (None, NOON)


def test_a_person_who_sets_a_run_going_gives_it_every_try_again() -> None:
    """What it used up before is not held against what the person wants."""
    story = Story()
    story.move("claim")
    story.add(decide.moved(story.run, "back_off", actor="w", due_at=LATER))
    assert story.run.attempt == 2
    assert story.move("pause", "resume").attempt == 1


def test_attempts_and_losses_are_counted_apart() -> None:
    """A back-off is an attempt; only the reaper's taking back is a loss."""
    story = Story()
    run = story.move("claim")
    run = story.add(decide.moved(run, "back_off", actor="w", due_at=LATER))
    assert (run.attempt, run.losses, run.due_at) == (2, 0, LATER)
    story.move("due", "claim")
    story.add(*decide.taken_back(story.run, fence=2, reason="silence"))
    assert (story.run.attempt, story.run.losses) == (2, 1)


def test_the_reason_of_an_end_is_kept() -> None:
    """The first that was given, when the end itself gives none."""
    story = Story()
    run = story.move("claim")
    story.add(decide.moved(run, "request_cancel", actor="alice", reason="not now"))
    assert story.move("finish_cancel").outcome == "not now"


def test_a_checkpoint_brings_its_state() -> None:
    """A large one brings its digest alone."""
    story = Story()
    event = schema.CheckpointCaptured(
        checkpoint_id="cp_1", kind="after", step="first", digest="sha256:1"
    )
    draft = decide.draft(story.run, [event], NOON, state={"a": 1})
    run = evolve(story.run, committed(draft))
    assert (run.state, run.state_digest, run.checkpoint_id) == (
        *({"a": 1}, "sha256:1", "cp_1"),
    )
    large = event.model_copy(update={"checkpoint_id": "cp_2", "digest": "sha256:2"})
    run = evolve(run, committed(decide.draft(run, [large], NOON)))
    assert (run.state, run.state_digest, run.checkpoint_id) == (
        *(None, "sha256:2", "cp_2"),
    )


def test_parts_are_kept_by_their_names() -> None:
    """Findings, gates and who superseded the run."""
    run = Story().add(
        schema.FindingProposed(
            subject="f", transition="propose", from_=None, to="proposed", finding={}
        ),
        part_moves.finding_moved(schema.FindingVerified, "f", "proposed"),
        schema.GateOpened(subject="g", transition="open", from_=None, to="opened"),
        schema.RunSuperseded(by_run="run_2", head_sha="b"),
    )
    assert (run.findings, run.gates, run.superseded_by) == (
        *({"f": "verified"}, {"g": Gate(status="opened")}, "run_2"),
    )


@pytest.mark.parametrize(
    ("kind", "transition", "from_", "to"),
    [
        ("finding.judged", "anchor", "verified", "anchored"),
        ("finding.published", "post", "anchored", "posted"),
    ],
)
def test_findings_of_an_older_program_are_folded(
    kind: str, transition: str, from_: str, to: str
) -> None:
    """Its journal tells of them by types that nobody writes any more."""
    data = {"subject": "f", "transition": transition, "from": from_, "to": to}
    run = Story().add(schema.read({"type": kind, "data": data}))
    assert run.findings == {"f": to}


def test_what_this_program_does_not_know_changes_nothing() -> None:
    """A newer program may have written it."""
    story = Story()
    before = story.run
    after = story.add(UnknownEvent(type="thing.happened", data={}))
    assert replace(after, head_seq=before.head_seq, head_hash=before.head_hash) == (
        before
    )


class RunMachine(RuleBasedStateMachine):
    """Throws commands at a run and keeps the simplest model of what must come."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.folded = fold(RUN_ID, self.story.commits)
        self.status = "queued"
        self.trail = ["queued"]
        self.fence = 0

    def commit(self, *events: Payload) -> None:
        """Append, and follow with the model."""
        self.story.add(*events)
        self.folded = evolve(self.folded, self.story.commits[-1])
        for event in events:
            if isinstance(event, schema.RunMove):
                self.status = event.to
                self.trail.append(event.to)
                self.fence += event.transition in ("claim", "lose_lease")

    @rule(choice=st.randoms(use_true_random=False))
    @precondition(lambda self: self.status not in RUN.terminal)
    def move(self, choice: st.DataObject) -> None:
        """Follow any row that leaves the state."""
        rows = [name for name, from_, _ in RUN.rows() if from_ == self.status]
        name = choice.choice(rows)  # type: ignore[attr-defined] # a Random
        self.commit(decide.moved(self.folded, name, actor="tester"))

    @rule()
    def cancel(self) -> None:
        """Ask for its end, whatever it does."""
        events = decide.cancelled(self.folded, actor="alice", reason="enough")
        idle = self.status == "cancelling" or self.status in RUN.terminal
        assert (not events) == idle
        if events:
            self.commit(*events)

    @rule()
    @precondition(lambda self: self.status in ("queued", "retry_wait"))
    def claim(self) -> None:
        """Hand it to a worker."""
        self.commit(*decide.claimed(self.folded, worker="w", until=LATER))
        assert self.folded.owner == "w"

    @rule(stale=st.booleans())
    def lose(self, *, stale: bool) -> None:
        """Take it back, sometimes from a holder that is long gone."""
        fence = self.folded.fence - stale
        events = decide.taken_back(self.folded, fence=fence, reason="silence")
        assert bool(events) == (self.status == "running" and not stale)
        if events:
            losses = self.folded.losses
            self.commit(*events)
            assert self.folded.losses == losses + 1

    @rule(
        name=st.sampled_from(["one", "two"]), end=st.sampled_from(["succeed", "fail"])
    )
    @precondition(lambda self: self.status == "running")
    def step(self, name: str, end: str) -> None:
        """Begin a step, or end it when it runs."""
        state = self.folded.step(name)
        if state in ("pending", "retry_wait"):
            self.commit(*step_moves.step_started(self.folded, name))
        elif state == "running":
            self.commit(step_moves.step_ended(self.folded, name, end))

    @invariant()
    def folded_is_the_model(self) -> None:
        """Status, trail and fence are the model's, however they were reached."""
        assert self.folded.status == self.status
        assert list(self.folded.trail) == self.trail[-TRAIL:]
        assert self.folded.fence == self.fence
        assert self.folded.terminal == (self.status in RUN.terminal)
        assert (self.folded.finished_at is None) != self.folded.terminal

    @invariant()
    def one_at_a_time_is_all_at_once(self) -> None:
        """Folding every commit gives what evolving one by one gave."""
        assert fold(RUN_ID, self.story.commits) == self.folded

    @invariant()
    def commits_join(self) -> None:
        """Each begins in the state in which the one before it ended."""
        commits = self.story.commits
        assert commits[0].from_ is None
        for before, after in pairwise(commits):
            assert (before.to, before.seq + 1) == (after.from_, after.seq)
            assert before.stored_hash == after.prev_hash
            assert before.fence <= after.fence
            assert before.to not in RUN.terminal or before.to == after.to

    @invariant()
    def who_holds_it_is_known(self) -> None:
        """Know an owner exactly while the run is held."""
        held = self.status in ("running", "cancelling")
        moved = [
            event
            for commit in self.story.commits
            for event in commit.events
            if isinstance(event, schema.RunStateChanged)
        ]
        assert (self.folded.owner is not None) == (held and bool(moved))


RunMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=60, deadline=None
)
TestRun = RunMachine.TestCase


def test_a_long_history_keeps_a_short_trail() -> None:
    """The trail holds the last 32 states; the journal holds them all."""
    story = Story()
    run: Run = story.run
    for _ in range(TRAIL):
        run = story.move("claim", "lose_lease")
    assert len(run.trail) == TRAIL
    assert run.trail[-2:] == (Status.RUNNING, Status.QUEUED)
    assert (run.losses, run.fence) == (0, 2 * TRAIL)
