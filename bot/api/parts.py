"""What belongs to one run: its effects, its usage, its family, its proof."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from bot.api.answers.families import Family, Relative
from bot.api.answers.parts import EffectList
from bot.api.answers.usage import UsageDetail
from bot.api.answers.verification import Verification
from bot.api.endpoint import Call, Endpoint, Nothing, get
from bot.api.reading import RunReading
from core.checkpoints.chain import verify_run
from core.errors import BrokenChainError, RunNotFoundError
from core.events.commit import from_document, verify_chain
from core.events.journal import Journal
from core.redaction.signing import NO_KEYS, PublicKeys
from core.runs.continuity import verify_moves
from core.runs.left import left_stream
from core.runs.lister import RunLister
from core.runs.listing import RunFilter
from core.runs.model import stream_of
from core.runs.usage import usage_of
from core.store.blobs import Blobs

MOST_RELATIVES = 1000
Asked = Call[Nothing, Nothing]
# Whose signatures below redactions are believed.
Keys = Callable[[], Awaitable[PublicKeys]]


class PartEndpoints:
    """Reading what belongs to a run."""

    def __init__(
        self,
        reading: RunReading,
        *,
        lister: RunLister,
        journal: Journal,
        blobs: Blobs,
        keys: Keys,
    ) -> None:
        self._reading = reading
        self._lister = lister
        self._journal = journal
        self._blobs = blobs
        self._keys = keys

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            self._get("effects", self.effects, EffectList, "List a run's writes"),
            self._get("usage", self.usage, UsageDetail, "Show what a run has used"),
            self._get("tree", self.tree, Family, "Show the run's family"),
            self._get(
                "verification",
                self.verification,
                Verification,
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

    async def effects(self, call: Asked) -> BaseModel:
        """Answer the effects of a run."""
        return EffectList.of(await self._reading.run(call))

    async def usage(self, call: Asked) -> BaseModel:
        """Answer what a run has used."""
        commits = await self._reading.commits(call)
        return UsageDetail.of(call.path["run_id"], usage_of(commits))

    async def tree(self, call: Asked) -> BaseModel:
        """Answer the family of a run."""
        run = await self._reading.run(call)
        wanted = RunFilter(family=run.family, sees=call.token.sees)
        page = await self._lister.page(wanted, limit=MOST_RELATIVES)
        runs = [Relative.model_validate(one) for one in reversed(page.runs)]
        return Family(root=run.family, runs=runs)

    async def verification(self, call: Asked) -> BaseModel:
        """Answer whether a run's history is as it was written."""
        run_id = await self._reading.seen(call)
        known = await self._keys()
        return await verification(self._journal, self._blobs, run_id, known)


async def verification(
    journal: Journal, blobs: Blobs, run_id: str, known: PublicKeys = NO_KEYS
) -> Verification:
    """Walk a run's history, and what workers that let go of it told.

    Raises RunNotFoundError, StoreUnavailableError.
    """
    documents = await journal.documents(stream_of(run_id))
    if not documents:
        raise RunNotFoundError(run_id=run_id)
    try:
        proof = await verify_run(documents, blobs, known)
        verify_moves(from_document(one) for one in documents)
        verify_chain(await journal.documents(left_stream(run_id)), known)
    except BrokenChainError as error:
        return Verification.broken(run_id, error)
    return Verification.proved(run_id, proof)
