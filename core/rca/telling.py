"""Takes a run's commits page by page, and keeps of them what causes rest on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import RunNotFoundError
from core.events import schema
from core.events.base import JSON, Payload
from core.events.commit import Commit
from core.rca.story import MOST_TOLD, Setup, StepEnd, Told
from core.rca.worth import MOST_BYTES, Kept
from core.runs.evolve import evolve
from core.runs.model import Run
from core.runs.tries import Ended, KeptTry, Tries

MOST_PROGRAMS = 20
MOST_WRITERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How a step came out, and in which entry the checkpoint behind it stands.

    `seq` is 0 when there is none.
    """

    end: StepEnd
    seq: int = 0


class Telling:
    """The fold of one run; however long it is, what is kept of it is bounded."""

    def __init__(
        self, run_id: str, *, most: int = MOST_TOLD, most_bytes: int = MOST_BYTES
    ) -> None:
        self._run_id = run_id
        self._run: Run | None = None
        self._as_of: datetime | None = None
        self._kept = Kept(most, most_bytes)
        self._tries = Tries()
        self._model = ""
        self._programs: dict[str, None] = {}
        self.tries: list[KeptTry] = []
        self.reached: dict[str, Reached] = {}
        # The number of each writer's last entry in the run, the newest writer last.
        self.writers: dict[str, int] = {}
        self.fingerprints: dict[str, None] = {}

    @property
    def begun(self) -> bool:
        """Return whether there was any commit."""
        return self._run is not None

    @property
    def run(self) -> Run:
        """Return the run as it is after what was taken; raises RunNotFoundError."""
        if self._run is None:
            raise RunNotFoundError(run_id=self._run_id)
        return self._run

    @property
    def as_of(self) -> datetime:
        """Return the time of the last entry; raises RunNotFoundError."""
        if self._as_of is None:
            raise RunNotFoundError(run_id=self._run_id)
        return self._as_of

    @property
    def told(self) -> tuple[Told, ...]:
        """Return the events that causes can rest on, oldest first."""
        return self._kept.all()

    @property
    def left_out(self) -> int:
        """Return how many events were too many, and are not told."""
        return self._kept.left_out

    @property
    def steps(self) -> tuple[StepEnd, ...]:
        """Return how each step came out last, in the order in which they ended."""
        return tuple(one.end for one in self.reached.values())

    def setup(self, state: JSON) -> Setup:
        """Return with what the run was worked; `state` is that of its last checkpoint.

        Raises RunNotFoundError.
        """
        decided = state.get("decided_by")
        decided = dict(decided) if isinstance(decided, Mapping) else {}
        return Setup(
            model=_model_in(decided) or self._model,
            overrides=dict(self.run.overrides),
            programs=tuple(self._programs),
            decided_by=decided,
        )

    def take(self, commits: Iterable[Commit]) -> None:
        """Take the commits that follow, oldest first."""
        for commit in commits:
            self._run = evolve(self._run, commit)
            self._as_of = commit.time
            self._wrote(commit)
            for told in told_in(commit):
                self._kept.add(told)
                self._learn(told.event)
            self._ended(commit)

    def _wrote(self, commit: Commit) -> None:
        self.writers.pop(commit.writer, None)
        self.writers[commit.writer] = commit.wseq
        if len(self.writers) > MOST_WRITERS:
            self.writers.pop(next(iter(self.writers)))

    def _learn(self, event: Payload) -> None:
        attempt = self._tries.take(event)
        match event:
            case schema.ModelCalled():
                self._model = event.request_model
            case schema.RunStateChanged(program=program) if program:
                if len(self._programs) < MOST_PROGRAMS:
                    self._programs[program] = None
            case schema.StepFinished() | schema.StepRetried():
                self._tried(event, attempt)
            case _:
                pass

    def _tried(self, event: Ended, attempt: int) -> None:
        if event.log is not None:
            one = KeptTry(step=event.subject, attempt=attempt, digest=event.log)
            self.tries.append(one)
        if event.failure is not None and event.failure.fingerprint:
            # The newest last: what ended the run is looked for first.
            self.fingerprints.pop(event.failure.fingerprint, None)
            self.fingerprints[event.failure.fingerprint] = None

    def _ended(self, commit: Commit) -> None:
        """Note the steps that a commit ends or holds, each with the state behind it."""
        behind = {
            event.step: event.digest
            for event in commit.events
            if isinstance(event, schema.CheckpointCaptured)
            and _is_behind(event, commit)
        }
        for end in _ends(commit.events, behind):
            self.reached.pop(end.step, None)
            seq = commit.seq if end.digest else 0
            self.reached[end.step] = Reached(end=end, seq=seq)


def told_in(commit: Commit) -> Iterator[Told]:
    """Yield a commit's events, each with its place."""
    for index, event in enumerate(commit.events):
        yield Told(
            id=f"{commit.id}.{index}",
            seq=commit.seq,
            time=commit.time,
            writer=commit.writer,
            event=event,
        )


def _ends(events: Iterable[Payload], behind: Mapping[str, str]) -> Iterator[StepEnd]:
    """Yield how steps came out; `behind` has the digests of the states they left."""
    for event in events:
        match event:
            case schema.StepFinished():
                status, said, seconds = event.to, event.summary, event.seconds
            case schema.StepReused():
                status, said, seconds = event.to, "", 0.0
            case schema.StepRetried(transition="hold"):
                status, said, seconds = "held", event.error, 0.0
            case _:
                continue
        yield StepEnd(
            step=event.subject,
            status=status,
            summary=said,
            digest=behind.get(event.subject, ""),
            seconds=seconds,
        )


def _is_behind(event: schema.CheckpointCaptured, commit: Commit) -> bool:
    """Return whether a checkpoint is of the state that its step left."""
    if event.kind in {"after", "gate_failed"}:
        return True
    # One that waits for a person at a gate is told as `before`, in the same entry.
    held = {
        one.subject
        for one in commit.events
        if isinstance(one, schema.StepRetried) and one.transition == "hold"
    }
    return event.kind == "before" and event.step in held


def _model_in(decided: Mapping[str, Any]) -> str:
    model = decided.get("model")
    name = model.get("name") if isinstance(model, Mapping) else None
    return name if isinstance(name, str) else ""
