"""A run's checkpoints, and the proof that its history is what was once written."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from core.errors import (
    BlobCorruptError,
    BlobNotFoundError,
    BlobNotJsonError,
    BlobRedactedError,
    BrokenChainError,
)
from core.events.base import JSON, Payload
from core.events.commit import Commit, verify_chain
from core.events.schema import BranchCreated, CheckpointCaptured, CheckpointRedacted
from core.redaction.erased import fits
from core.redaction.signing import NO_KEYS, PublicKeys
from core.store.blobs import Blobs, Digest, canonical, digest_of

RUN_ID = re.compile(r"run_\w+")
CHECKPOINT_ID = re.compile(r"cp_\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointView:
    """One checkpoint as it is shown; `seq` is that of the entry it stands in.

    `state` is there when it was stored inline. One that was redacted has no state any
    more, here or in a blob.
    """

    checkpoint_id: str
    kind: str
    step: str
    digest: str
    parents: tuple[str, ...]
    artifacts: Mapping[str, str]
    seq: int
    time: datetime
    actor: str
    reason: str
    redacted: bool
    state: JSON | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was proved: so many entries and checkpoints, and the head's hash.

    `redacted` of the checkpoints have no state to compare any more.
    """

    stream: str
    entries: int
    checkpoints: int
    redacted: int
    head: str


def checkpoints_of(commits: Iterable[Commit]) -> tuple[CheckpointView, ...]:
    """Return the checkpoints of a run's commits, oldest first."""
    listed = list(commits)
    events = [event for commit in listed for event in commit.events]
    redacted = {one.digest for one in events if isinstance(one, CheckpointRedacted)}
    return tuple(
        _view(event, commit.seq, commit.time, commit.state, redacted)
        for commit in listed
        for event in commit.events
        if isinstance(event, CheckpointCaptured)
    )


def _view(
    event: CheckpointCaptured,
    seq: int,
    time: datetime,
    state: JSON | None,
    redacted: set[str],
) -> CheckpointView:
    gone = event.digest in redacted
    return CheckpointView(
        checkpoint_id=event.checkpoint_id,
        kind=event.kind,
        step=event.step,
        digest=event.digest,
        parents=event.parents,
        artifacts=event.artifacts,
        seq=seq,
        time=time,
        actor=event.actor,
        reason=event.reason,
        redacted=gone,
        state=None if gone else state,
    )


async def verify_run(
    documents: Sequence[dict[str, Any]], blobs: Blobs, known: PublicKeys = NO_KEYS
) -> Verified:
    """Prove a run's history from its raw journal documents, in order.

    Each entry follows the one before it and is what was hashed; each checkpoint's state
    and artifacts are there and are what their digests name; each parent is known. What
    was redacted counts by its tombstone, if a key of `known` signed that. Which entries
    there should be at the end, a chain does not say: compare `head`. Raises
    BrokenChainError at the first link that is broken, StoreUnavailableError.
    """
    whole, broken = list(documents), None
    try:
        head = verify_chain(whole, known)
    except BrokenChainError as error:
        # A checkpoint before it may be broken as well, and comes first.
        head, broken = "", error
        whole = whole[: int(str(error.facts["seq"])) - 1]
    links = _Links(whole, blobs, known)
    await links.check()
    if broken is not None:
        raise broken
    return Verified(
        stream=links.stream,
        entries=len(whole),
        checkpoints=len(links.known),
        redacted=links.without_state,
        head=head,
    )


class _Links:
    """Checks what a stream's checkpoints name, one entry after the other."""

    def __init__(
        self, documents: Sequence[dict[str, Any]], blobs: Blobs, known: PublicKeys
    ) -> None:
        self.stream = str(documents[0]["stream"]) if documents else ""
        self.known: set[str] = set()
        self.without_state = 0
        self._documents = documents
        self._blobs = blobs
        self._keys = known
        self._foreign: set[str] = set()
        self._intact: set[str] = set()
        self._redacted = {
            str(data.get("digest"))
            for one in documents
            for data in _data_of(one, CheckpointRedacted)
        }

    async def check(self) -> None:
        """Raise BrokenChainError at the first link that is broken."""
        for document in self._documents:
            seq = int(document["seq"])
            try:
                views = list(self._views(document))
                self._foreign |= _foreign_parents(document)
            except ValidationError as error:
                words = error.errors()[0]["msg"]
                raise self._broken(seq, f"it cannot be read: {words}") from error
            for view in views:
                reason = self._parents(view) or await self._content(view)
                if reason is not None:
                    what = f"checkpoint {view.checkpoint_id}"
                    raise self._broken(seq, f"{what}: {reason}")
                self.known.add(view.checkpoint_id)

    def _views(self, document: dict[str, Any]) -> Iterator[CheckpointView]:
        for data in _data_of(document, CheckpointCaptured):
            event = CheckpointCaptured.model_validate(data)
            yield _view(
                event,
                document["seq"],
                document["time"],
                document.get("state"),
                self._redacted,
            )

    def _parents(self, view: CheckpointView) -> str | None:
        if view.checkpoint_id in self.known:
            return "its id is taken by another of the run"
        known = self.known | self._foreign
        strange = [one for one in view.parents if one not in known]
        return f"its parent {strange[0]} is not known" if strange else None

    async def _content(self, view: CheckpointView) -> str | None:
        if view.redacted:
            self.without_state += 1
        elif view.state is None:
            reason = await self._blob(view.digest)
            if reason is not None:
                return f"its state {reason}"
        elif not _is_named(view.state, view.digest):
            return "its state is not what its digest names"
        for name, digest in view.artifacts.items():
            if digest in self._redacted:
                continue
            reason = await self._blob(digest)
            if reason is not None:
                return f"its artifact {name} {reason}"
        return None

    async def _blob(self, digest: str) -> str | None:
        if digest in self._intact:
            return None
        try:
            await self._blobs.get(Digest(digest))
        except BlobRedactedError as error:
            if not fits(error.tombstone, self._keys):
                return f"{digest} is gone, and nobody known signed for that"
        except BlobNotFoundError:
            return f"{digest} is missing"
        except BlobCorruptError as error:
            return f"{digest} is damaged: {error.facts['reason']}"
        self._intact.add(digest)
        return None

    def _broken(self, seq: int, reason: str) -> BrokenChainError:
        return BrokenChainError(stream=self.stream, seq=seq, reason=reason)


def _data_of(
    document: dict[str, Any], event: type[Payload]
) -> Iterator[dict[str, Any]]:
    kind = event.model_fields["type"].default
    return (one["data"] for one in document["events"] if one["type"] == kind)


def _foreign_parents(document: dict[str, Any]) -> set[str]:
    """Return the checkpoints of other runs that the run says it goes on from."""
    refs = [
        ref
        for data in _data_of(document, BranchCreated)
        for ref in BranchCreated.model_validate(data).parents
    ]
    return {
        ref.checkpoint_id
        for ref in refs
        if RUN_ID.fullmatch(ref.run_id) and CHECKPOINT_ID.fullmatch(ref.checkpoint_id)
    }


def _is_named(state: JSON, digest: str) -> bool:
    try:
        return digest_of(canonical(state)) == digest
    except BlobNotJsonError:
        return False
