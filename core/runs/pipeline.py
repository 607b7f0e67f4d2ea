"""What a pipeline is: steps in order, and what is done when a run ends early."""

from dataclasses import dataclass
from typing import Literal, Protocol

from core.events.base import JSON, Payload
from core.runs.effects import Effects
from core.runs.gates import Check
from core.runs.model import Run
from core.runs.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What a step gets: the run, the state so far, and the way to write to GitHub.

    Through `progress` a step that takes long may say how far it has come.
    """

    run: Run
    state: JSON
    effects: Effects
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """What a step leaves: entries to add to the state, events, and a sentence.

    `checks` are what it says about gates. While one of them holds the run up, the step
    is not over: its events are not kept, and it runs again once people have decided.
    """

    state: JSON
    summary: str
    events: tuple[Payload, ...] = ()
    checks: tuple[Check, ...] = ()


class Step(Protocol):
    """One step; it may be run again after a crash and must then do the same."""

    @property
    def name(self) -> str:
        """Return the step's name, unique in its pipeline."""
        ...

    async def run(self, context: StepContext) -> StepOutcome:
        """Do the step; raise UnavailableError to have it tried again later."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ends that does not succeed, and why, in words for the check run."""

    kind: Literal["cancelled", "failed", "dead"]
    reason: str


class Pipeline(Protocol):
    """Steps in order, by a name that runs carry."""

    @property
    def name(self) -> str:
        """Return the pipeline's name."""
        ...

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps in the order in which they run."""
        ...

    async def close(self, context: StepContext, ending: Ending) -> None:
        """Say at GitHub that the run ends without a review; safe to do again."""
        ...
