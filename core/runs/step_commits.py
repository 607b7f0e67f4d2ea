"""What one commit says at the edges of steps: the step, its gates, its checkpoints."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.checkpoints.capture import NOTHING_YET, Captured, Checkpoints
from core.events.base import JSON, Payload
from core.events.schema import CheckpointCaptured, Used
from core.runs import decide, gates, step_moves
from core.runs.model import Run
from core.runs.pipeline import Step, StepOutcome
from core.runs.states import STEP

ENDED = STEP.terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A step that has been done: what it left, the state after it, its seconds.

    `children` tell of the programs that ran for it, `used` what it used itself.
    """

    step: str
    outcome: StepOutcome
    captured: Captured
    seconds: float
    children: tuple[Payload, ...] = ()
    used: Used | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What goes into the commit of a claim: its first step, begun at once."""

    events: tuple[Payload, ...] = ()
    state: JSON | None = None


@dataclass(frozen=True, slots=True)
class StepCommits:
    """Puts together the events of one commit, on the run as it is."""

    checkpoints: Checkpoints

    def opening(self, run: Run, steps: Iterable[Step]) -> Opening:
        """Begin the run's next step from its last checkpoint, if it is at hand.

        A state that lies in a blob has to be fetched first: then this is empty.
        """
        following = next(
            (one for one in steps if run.step(one.name) not in ENDED), None
        )
        captured = _captured(run)
        if following is None or captured is None:
            return Opening()
        events = self.begun(run, following.name, captured)
        return Opening(events=events, state=captured.inline)

    def begun(self, run: Run, step: str, captured: Captured) -> tuple[Payload, ...]:
        """Begin a step from the run's last checkpoint."""
        return self._begun(run, step, captured, _parents(run))

    def ended(
        self, run: Run, ended: Ended, *, following: str | None, worker: str
    ) -> tuple[Payload, ...]:
        """End a step and begin the one that follows, or end the run with the last."""
        after, checkpoint = self._after(run, ended)
        if following is None:
            return (*after, decide.moved(run, "succeed", actor=worker))
        parents = (checkpoint.checkpoint_id,)
        return (*after, *self._begun(run, following, ended.captured, parents))

    def handed_back(
        self, run: Run, ended: Ended, *, worker: str, reason: str
    ) -> tuple[Payload, ...]:
        """End a step, and leave those that follow to whoever claims the run next."""
        after, _ = self._after(run, ended)
        return (*after, decide.moved(run, "lose_lease", actor=worker, reason=reason))

    def _after(
        self, run: Run, ended: Ended
    ) -> tuple[tuple[Payload, ...], CheckpointCaptured]:
        checkpoint = self.checkpoints.event(
            ended.captured, kind="after", step=ended.step, parents=_parents(run)
        )
        after: tuple[Payload, ...] = (
            step_moves.step_ended(
                run,
                ended.step,
                "succeed",
                summary=ended.outcome.summary,
                seconds=ended.seconds,
                tried=step_moves.Tried(used=ended.used),
            ),
            *ended.children,
            *ended.outcome.events,
            *gates.passage(run, ended.outcome.checks).events,
            checkpoint,
        )
        return after, checkpoint

    def held(
        self, run: Run, ended: Ended, *, worker: str, until: datetime
    ) -> tuple[Payload, ...]:
        """Stop before a gate; `until` is when nobody is waited for any longer."""
        passage = gates.passage(run, ended.outcome.checks)
        names = ", ".join((*passage.stopped, *passage.waiting))
        # The table asks for a checkpoint wherever a gate stops a run.
        checkpoint = self.checkpoints.event(
            ended.captured,
            kind="gate_failed" if passage.stopped else "before",
            step=ended.step,
            parents=_parents(run),
        )
        move = decide.moved(
            run,
            "reject_gate" if passage.stopped else "open_gate",
            actor=worker,
            reason=ended.outcome.summary,
            due_at=until,
        )
        held = step_moves.step_held(run, ended.step, names, ended.used)
        return (*held, *ended.children, *passage.events, checkpoint, move)

    def _begun(
        self, run: Run, step: str, captured: Captured, parents: tuple[str, ...]
    ) -> tuple[Payload, ...]:
        before: CheckpointCaptured = self.checkpoints.event(
            captured, kind="before", step=step, parents=parents
        )
        return (*step_moves.step_started(run, step), before)


def _captured(run: Run) -> Captured | None:
    """Return the state of the run's last checkpoint as it was captured."""
    if run.state_digest is None:
        return NOTHING_YET
    if run.state is None:
        return None
    return Captured(run.state, run.state_digest, run.state)


def _parents(run: Run) -> tuple[str, ...]:
    return (run.checkpoint_id,) if run.checkpoint_id else ()
