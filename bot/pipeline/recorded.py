"""Keeps what a reviewer was really asked and how it answered."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.events.base import JSON
from core.review.coverage import shown
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest
from core.store.blobs import Blobs, canonical

# Bytes of JSON; what is over it is cut where it is longest.
LARGEST = 1024 * 1024
CUT = "… cut: the record would be larger than {most} bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Under which name a question and its answer lie, and their bytes on the wire."""

    record: str | None = None
    bytes_sent: int = 0
    bytes_received: int = 0


NOTHING_ASKED = Recorded()


@dataclass(frozen=True, slots=True)
class Records:
    """Stores each question with its answer as one blob; `mask` takes the secrets out.

    What was remembered is not in it, for nobody was asked.
    """

    blobs: Blobs
    mask: Callable[[JSON], JSON]

    async def keep(
        self, model: ReviewModel, request: ReviewRequest, answer: ReviewAnswer
    ) -> Recorded:
        """Store both, and return their name; raises StoreUnavailableError."""
        data = await asyncio.to_thread(self._encoded, model, request, answer)
        said = answer.said
        return Recorded(
            record=await self.blobs.put(data),
            bytes_sent=said.bytes_sent if said else 0,
            bytes_received=said.bytes_received if said else 0,
        )

    def _encoded(
        self, model: ReviewModel, request: ReviewRequest, answer: ReviewAnswer
    ) -> bytes:
        masked = self.mask(_record(model, request, answer))
        data = canonical(masked)
        return data if len(data) <= LARGEST else _cut(masked)


def prompt_digest(model: ReviewModel, request: ReviewRequest) -> str:
    """Return the SHA-256, in hexadecimal, of all that a reviewer was given.

    It covers contents by their own digests, and preferences though the record does not
    repeat them: what somebody has forgotten by then must not be found there.
    """
    patches = request.diff.files
    hunks = [(shown(hunk.id), _sha(hunk.raw)) for one in patches for hunk in one.hunks]
    asked = {
        "model": model.name,
        "version": model.version,
        "repository": request.repository,
        "title": request.title,
        "description": request.description,
        "paths": [shown(one.path) for one in patches],
        "hunks": hunks,
        "files": {shown(path): _sha(data) for path, data in request.files.items()},
        "sightings": [asdict(one) for one in request.sightings],
        "preferences": [asdict(one) for one in request.preferences],
        "config": request.config.model_dump(mode="json"),
        "remarks": [one.model_dump(mode="json") for one in request.remarks],
    }
    return _sha(canonical(asked))


def _record(model: ReviewModel, request: ReviewRequest, answer: ReviewAnswer) -> JSON:
    patches, said = request.diff.files, answer.said
    proposals = [one.model_dump(mode="json") for one in answer.proposals]
    return {
        "model": model.name,
        "version": model.version,
        "is_model": model.is_model,
        "prompt_digest": prompt_digest(model, request),
        "prompt": said.prompt if said else None,
        "request": {
            "files": list(dict.fromkeys(shown(one.path) for one in patches)),
            "hunks": sum(len(one.hunks) for one in patches),
        },
        "raw": said.raw if said else proposals,
        "repairs": list(said.repairs) if said else [],
        "unread": {shown(hunk): reason for hunk, reason in answer.unread.items()},
        "usage": asdict(answer.usage),
    }


def _cut(record: JSON) -> bytes:
    """Return a record that fits: its long parts end early, with a note that says so."""
    note = CUT.format(most=LARGEST)
    share = LARGEST // 8
    cut = {**record, "note": note}
    for name in ("prompt", "raw"):
        cut[name] = _shortened(record[name], share, note)
    for name in ("unread", "repairs"):
        if len(canonical(record[name])) > share:
            cut[name] = type(record[name])()
    cut["request"] = {
        "files": _fitting(record["request"]["files"], share),
        "hunks": record["request"]["hunks"],
    }
    return canonical(cut)


def _shortened(value: Any, most: int, note: str) -> Any:
    match value:
        case str():
            # A character takes at most six bytes of JSON.
            whole = len(canonical(value)) <= most
            return value if whole else value[: most // 6] + note
        case list():
            return _fitting(value, most)
        case _:
            return value


def _fitting(items: Sequence[Any], most: int) -> list[Any]:
    """Return the first items, as many as fit."""
    kept: list[Any] = []
    for one in items:
        most -= len(canonical(one))
        if most < 0:
            break
        kept.append(one)
    return kept


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
