"""Proves that a run's history was not changed: the chain, and the states it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import (
    BlobCorruptError,
    BlobNotFoundError,
    BlobNotJsonError,
    BrokenChainError,
    RunNotFoundError,
)
from core.events.commit import verify_chain
from core.events.journal import Journal
from core.runs.model import stream_of
from core.store.blobs import Blobs, Digest, canonical, digest_of

CAPTURED = "checkpoint.captured"
REDACTED = "checkpoint.redacted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was walked, and the first broken link where there is one.

    `head` is the chain's last hash. `states` were read and have the digest that the
    history gives them; `redacted` ones were erased on purpose.
    """

    run_id: str
    intact: bool
    entries: int
    states: int = 0
    redacted: int = 0
    head: str | None = None
    broken_seq: int | None = None
    reason: str | None = None


class Verifier:
    """Reads histories raw, as they are stored."""

    def __init__(self, *, journal: Journal, blobs: Blobs) -> None:
        self._journal = journal
        self._blobs = blobs

    async def verify(self, run_id: str) -> Verification:
        """Walk a run's history; raises RunNotFoundError, StoreUnavailableError."""
        documents = await self._journal.documents(stream_of(run_id))
        if not documents:
            raise RunNotFoundError(run_id=run_id)
        try:
            head = verify_chain(documents)
            states, redacted = await self._check_states(run_id, documents)
        except BrokenChainError as error:
            return Verification(
                run_id=run_id,
                intact=False,
                entries=len(documents),
                broken_seq=int(str(error.facts["seq"])),
                reason=str(error.facts["reason"]),
            )
        return Verification(
            run_id=run_id,
            intact=True,
            entries=len(documents),
            states=states,
            redacted=redacted,
            head=head,
        )

    async def _check_states(
        self, run_id: str, documents: Sequence[Mapping[str, Any]]
    ) -> tuple[int, int]:
        """Return how many states are as they were, and how many were erased."""
        erased = {str(one["digest"]) for _, one in _data(documents, REDACTED)}
        states, gone = 0, 0
        for document, data in _data(documents, CAPTURED):
            digest = str(data["digest"])
            if digest in erased:
                gone += 1
                continue
            reason = await self._wrong(document.get("state"), digest)
            if reason is not None:
                stream, seq = stream_of(run_id), document["seq"]
                raise BrokenChainError(stream=stream, seq=seq, reason=reason)
            states += 1
        return states, gone

    async def _wrong(self, inline: object, digest: str) -> str | None:
        """Return what is wrong with a state, or None."""
        try:
            if inline is None:
                await self._blobs.get(Digest(digest))
                return None
            same = digest_of(canonical(inline)) == digest
        except (BlobNotFoundError, BlobCorruptError, BlobNotJsonError) as error:
            return f"its state cannot be read: {error}".rstrip(".")
        return None if same else "its state does not match its digest"


def _data(
    documents: Sequence[Mapping[str, Any]], kind: str
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return [
        (document, event["data"])
        for document in documents
        for event in document["events"]
        if event["type"] == kind
    ]
