"""Proves that the audit is one chain, from its first entry to its head."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.audit.places import BEGINNING, VOLUME, Head, stream_of
from core.errors import AuditBrokenError, BrokenChainError
from core.events.commit import verify_chain
from core.events.journal import Journal

AFTER_ALL = "audit/:"
RECORDED, CONTINUED = "audit.recorded", "audit.continued"
Stored = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProof:
    """What was walked: how many volumes and entries, and the head to keep elsewhere.

    `anchored` says whether it was compared with a head that was kept.
    """

    volumes: int
    entries: int
    head: Head
    anchored: bool


class AuditProver:
    """Walks all volumes; raises StoreUnavailableError.

    Entries that were taken off the very end, or a chain that was written anew as a
    whole, show only against a head that was kept elsewhere.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def prove(self, against: Head | None = None) -> AuditProof:
        """Return what was proved; raises AuditBrokenError at the first broken entry."""
        head, entries = BEGINNING, 0
        while documents := await self._volume(head):
            volume = head.volume + 1 if head.seq else 1
            entries += sum(
                event.get("type") == RECORDED
                for one in documents
                for event in one["events"]
            )
            if against is not None and against.volume == volume:
                _compare(documents, against)
            last = documents[-1]
            head = Head(volume=volume, seq=len(documents), hash=last["hash"])
        await self._nothing_behind(head)
        if against is not None and against.seq and against.volume > head.volume:
            raise _broken(against.volume, against.seq, "it is not there any more")
        return AuditProof(
            volumes=head.volume if head.seq else 0,
            entries=entries,
            head=head,
            anchored=against is not None,
        )

    async def _volume(self, before: Head) -> Stored:
        """Return the volume after a head, proved in itself and to follow it."""
        volume = before.volume + 1 if before.seq else 1
        documents = await self._journal.documents(stream_of(volume))
        if not documents:
            return ()
        try:
            verify_chain(documents)
        except BrokenChainError as error:
            facts = error.facts
            raise _broken(
                volume, int(str(facts["seq"])), str(facts["reason"])
            ) from None
        if volume > 1:
            _follows(documents, volume, before)
        return documents

    async def _nothing_behind(self, head: Head) -> None:
        missing = head.volume + 1 if head.seq else 1
        later = {"$gt": stream_of(missing), "$lt": AFTER_ALL}
        if there := await self._journal.find({"stream": later}):
            first = min(one["stream"] for one in there)
            raise _broken(missing, 1, f"it is missing, while {first} is there")


def _follows(documents: Stored, volume: int, before: Head) -> None:
    if before.seq != VOLUME:
        reason = f"it is missing, while volume {volume} is there"
        raise _broken(before.volume, before.seq + 1, reason)
    events = documents[0]["events"]
    expected = {
        "volume": volume,
        "previous": stream_of(before.volume),
        "head": before.hash,
    }
    if [(one["type"], one["data"]) for one in events] != [(CONTINUED, expected)]:
        raise _broken(volume, 1, "it does not follow the volume before it")


def _compare(documents: Stored, against: Head) -> None:
    if not 1 <= against.seq <= len(documents):
        raise _broken(against.volume, against.seq, "it is not there any more")
    if documents[against.seq - 1]["hash"] != against.hash:
        reason = "it is not the one whose hash was kept"
        raise _broken(against.volume, against.seq, reason)


def _broken(volume: int, seq: int, reason: str) -> AuditBrokenError:
    return AuditBrokenError(entry=f"{volume:06d}:{seq}", reason=reason)
