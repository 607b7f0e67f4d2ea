"""A pipeline whose steps do nothing but leave the next state."""

from dataclasses import dataclass

from typing_extensions import override

from core.runs.pipeline import Ending, Pipeline, Step, StepContext, StepOutcome
from tests.benchmarks.programs.peers import work


@dataclass(frozen=True, slots=True)
class Next(Step):
    """A step that leaves the state that follows."""

    label: str

    @property
    @override
    def name(self) -> str:
        return self.label

    @override
    async def run(self, context: StepContext) -> StepOutcome:
        state = context.state or work.first()
        return StepOutcome(state=work.after(state), summary="Left the next state.")


class Idle(Pipeline):
    """As many steps as the peers have, one after the other."""

    @property
    @override
    def name(self) -> str:
        return "idle"

    @property
    @override
    def steps(self) -> tuple[Step, ...]:
        return tuple(Next(f"step{number}") for number in range(1, work.STEPS + 1))

    @override
    async def close(self, context: StepContext, ending: Ending) -> None:
        raise AssertionError(ending)
