"""`/runs/{run_id}/gates`: where a run is held up, and what people decide."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from pydantic import BaseModel

from bot.api.answers.parts import GateList, gates_of
from bot.api.answers.runs import RunDetail
from bot.api.bodies import Reason
from bot.api.endpoint import Call, Endpoint, Nothing, get, post
from bot.api.reading import RunReading
from bot.operations import Operations
from core.access.tokens import Scope
from core.errors import (
    GateNotFoundError,
    IllegalTransitionError,
    ReasonMissingError,
    RunNotFoundError,
)
from core.events.schema import Decision
from core.runs.account import account
from core.runs.evolve import fold

PATH = "/runs/{run_id}/gates"
SUMMARIES: dict[Decision, str] = {
    "approve": "Say yes to what waits at a gate",
    "reject": "Say no to what waits at a gate, with the reason",
    "waive": "Let a run pass a gate that stopped it, with the reason",
    "retry": "Let a run come to a gate again",
}


class GateEndpoints:
    """Reading gates and deciding about them."""

    def __init__(self, reading: RunReading, operations: Operations) -> None:
        self._reading = reading
        self._operations = operations

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                PATH,
                self.list,
                summary="List a run's gates and what was decided",
                query=Nothing,
                answer=GateList,
                refusals=(RunNotFoundError,),
            ),
            *(
                self._deciding(decision, summary)
                for decision, summary in SUMMARIES.items()
            ),
        )

    def _deciding(self, decision: Decision, summary: str) -> Endpoint[Any, Any]:
        act: Callable[[Call[Nothing, Reason]], Awaitable[BaseModel]] = partial(
            self.decide, decision
        )
        return post(
            f"{PATH}/{{gate}}/{decision}",
            act,
            scope=Scope.OPERATE,
            summary=summary,
            body=Reason,
            answer=RunDetail,
            refusals=(
                RunNotFoundError,
                GateNotFoundError,
                ReasonMissingError,
                IllegalTransitionError,
            ),
            current=self.stand,
        )

    async def list(self, call: Call[Nothing, Nothing]) -> BaseModel:
        """Answer the gates of a run."""
        commits = await self._reading.commits(call)
        run = fold(call.path["run_id"], commits)
        return GateList(gates=gates_of(run, account(commits)))

    async def decide(
        self, decision: Decision, call: Call[Nothing, Reason]
    ) -> BaseModel:
        """Record what a person decides."""
        run = await self._reading.run(call)
        await self._operations.decide(
            run.id,
            call.path["gate"],
            decision,
            actor=call.actor,
            reason=call.body.reason,
        )
        return await self.stand(call)

    async def stand(self, call: Call[Any, Any]) -> BaseModel:
        """Tell how the run stands, gates included."""
        commits = await self._reading.commits(call)
        return RunDetail.of(fold(call.path["run_id"], commits), account(commits))
