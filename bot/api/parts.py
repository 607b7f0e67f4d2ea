"""What belongs to one run: its gates, its effects, its family, its proof."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from bot.api.answers.families import Family, Relative
from bot.api.answers.parts import EffectList, GateList, gates_of
from bot.api.answers.verification import VerificationDetail
from bot.api.endpoint import Call, Endpoint, Nothing, get
from bot.api.reading import RunReading
from core.errors import RunNotFoundError
from core.runs.account import account
from core.runs.evolve import fold
from core.runs.lister import RunLister
from core.runs.listing import RunFilter
from core.runs.verification import Verifier

MOST_RELATIVES = 1000
Asked = Call[Nothing, Nothing]


class PartEndpoints:
    """Reading what belongs to a run."""

    def __init__(
        self, reading: RunReading, *, lister: RunLister, verifier: Verifier
    ) -> None:
        self._reading = reading
        self._lister = lister
        self._verifier = verifier

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            self._get("gates", self.gates, GateList, "List a run's gates"),
            self._get("effects", self.effects, EffectList, "List a run's writes"),
            self._get("tree", self.tree, Family, "Show the run's family"),
            self._get(
                "verification",
                self.verification,
                VerificationDetail,
                "Prove that a run's history was not changed",
            ),
        )

    def _get(
        self,
        name: str,
        act: Callable[[Asked], Awaitable[BaseModel]],
        answer: type[BaseModel],
        summary: str,
    ) -> Endpoint[Nothing, Nothing]:
        return get(
            f"/runs/{{run_id}}/{name}",
            act,
            summary=summary,
            query=Nothing,
            answer=answer,
            refusals=(RunNotFoundError,),
        )

    async def gates(self, call: Asked) -> BaseModel:
        """Answer the gates of a run."""
        commits = await self._reading.commits(call)
        run = fold(call.path["run_id"], commits)
        return GateList(gates=gates_of(run, account(commits)))

    async def effects(self, call: Asked) -> BaseModel:
        """Answer the effects of a run."""
        return EffectList.of(await self._reading.run(call))

    async def tree(self, call: Asked) -> BaseModel:
        """Answer the family of a run."""
        run = await self._reading.run(call)
        wanted = RunFilter(family=run.family, sees=call.token.sees)
        page = await self._lister.page(wanted, limit=MOST_RELATIVES)
        runs = [Relative.model_validate(one) for one in reversed(page.runs)]
        return Family(root=run.family, runs=runs)

    async def verification(self, call: Asked) -> BaseModel:
        """Answer whether a run's history is as it was written."""
        proof = await self._verifier.verify(await self._reading.seen(call))
        return VerificationDetail.model_validate(proof)
