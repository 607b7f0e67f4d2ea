"""What a run's history and its surroundings tell, as far as causes are found in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.events.base import JSON, Payload
from core.runs.model import Run

# A run of a hundred thousand events tells its causes in few of them.
MOST_TOLD = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event, with where it stands: `id` is `STREAM:SEQ.INDEX`.

    `writer` is the process that appended it.
    """

    id: str
    seq: int
    time: datetime
    writer: str
    event: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that a step logged, of those that warn or worse; `place` is in code.

    `number` counts the lines of `logs/merged.ndjson` from 1.
    """

    number: int
    step: str
    attempt: int
    time: str
    level: str
    event: str
    fields: Mapping[str, str] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """An earlier run in which an error of the same fingerprint ended a try."""

    run_id: str
    repository: str
    pull: int
    fingerprint: str
    status: str
    outcome: str
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnd:
    """How a step came out: the digest of the state behind it, and what it said."""

    step: str
    status: str
    summary: str
    digest: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """With what a run was worked: model, overrides, programs, what decided, limits."""

    model: str = ""
    overrides: JSON = field(default_factory=dict)
    programs: tuple[str, ...] = ()
    decided_by: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """One difference between a state of the green run and ours, for people."""

    step: str
    path: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Green:
    """The last run that succeeded before this one, of the pull or else the repository.

    `diverged` are the differences behind the first step that came out differently.
    """

    run_id: str
    pull: int
    head_sha: str
    finished_at: datetime
    same_pull: bool
    steps: tuple[StepEnd, ...] = ()
    setup: Setup = Setup()
    diverged: tuple[StateChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run was allowed: the seconds of its time, a step's, and a lease's."""

    run_seconds: float
    step_seconds: float
    lease_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One run as it was at `as_of`, the time of its last entry; nothing in it is live.

    `told` are the events that causes can rest on, oldest first; of very many the middle
    is left out, and `left_out` counts it. `left` are the notes of workers that let go
    of the run (`worker.left`). `log` holds warnings and worse. `wrote_last` maps each
    writer of this run to the time of its last entry anywhere, up to `as_of`. `gaps` say
    what could not be read: blobs that are missing, damaged or redacted.
    """

    run: Run
    as_of: datetime
    told: tuple[Told, ...]
    left_out: int = 0
    left: tuple[Told, ...] = ()
    log: tuple[LogLine, ...] = ()
    steps: tuple[StepEnd, ...] = ()
    setup: Setup = Setup()
    before: tuple[Before, ...] = ()
    green: Green | None = None
    wrote_last: Mapping[str, datetime] = field(default_factory=dict)
    budget: Budget | None = None
    gaps: tuple[str, ...] = ()
