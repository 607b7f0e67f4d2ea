"""One entry of the journal: what one decision brought about, whole or not at all."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rfc8785

from core.errors import BrokenChainError
from core.events import canonical, tombstones
from core.events.base import JSON, Payload
from core.events.cutting import is_cut
from core.events.schema import read
from core.redaction.signing import NO_KEYS, PublicKeys

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A commit before it has a place in the journal.

    `from_` and `to` are the stream's own status before and after it; streams without a
    status leave both None. `state` is the checkpointed state, when small enough to sit
    inline; the event `checkpoint.captured` names it by digest. `cut` is the stored
    data of events that are too large to be stored as they are, by their index.
    """

    stream: str
    seq: int
    time: datetime
    events: tuple[Payload, ...]
    from_: str | None = None
    to: str | None = None
    fence: int = 0
    prev_hash: str = GENESIS
    state: JSON | None = None
    cut: Mapping[int, JSON] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return `stream:seq`, the key that lets one writer through."""
        return f"{self.stream}:{self.seq}"

    def entry(self) -> JSON:
        """Return what the hash covers: everything but the writer's own numbers."""
        return {
            "stream": self.stream,
            "seq": self.seq,
            "time": shown(self.time),
            "fence": self.fence,
            "from": self.from_,
            "to": self.to,
            "events": [self._stored(event, at) for at, event in enumerate(self.events)],
        }

    def _stored(self, event: Payload, index: int) -> JSON:
        if index in self.cut:
            return {"type": event.type, "data": self.cut[index]}
        return event.stored()

    def hash(self) -> str:
        """Return the SHA-256 over the previous hash and the canonical entry."""
        return chain_hash(self.prev_hash, self.entry())


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit(Draft):
    """A draft that the journal has taken; `(writer, wseq)` orders one process's own.

    `made` is its entry where that is at hand, to be shared and not changed.
    """

    writer: str
    wseq: int
    stored_hash: str
    made: JSON | None = field(default=None, compare=False, repr=False)

    def stored_events(self) -> tuple[JSON, ...]:
        """Return its events as the journal keeps them, not to be changed."""
        return tuple((self.made or self.entry())["events"])

    def document(self) -> JSON:
        """Return the MongoDB document."""
        fields: JSON = {
            **(self.made or self.entry()),
            "_id": self.id,
            "time": self.time,
            "writer": self.writer,
            "wseq": self.wseq,
            "prev_hash": self.prev_hash,
            "hash": self.stored_hash,
        }
        if self.state is not None:
            fields["state"] = self.state
        return fields


def shown(time: datetime) -> str:
    """Return a time as the hash covers it: UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def chain_hash(prev_hash: str, entry: JSON) -> str:
    """Return the next link's hash: 64 hexadecimal digits."""
    return hashlib.sha256(prev_hash.encode() + canonical.dumps(entry)).hexdigest()


def from_document(
    document: dict[str, Any], events: Sequence[JSON] | None = None
) -> Commit:
    """Read a commit back from its document; `events` are its own, made whole again."""
    stored = document["events"]
    cut = {index: event["data"] for index, event in enumerate(stored) if is_cut(event)}
    return Commit(
        stream=document["stream"],
        seq=document["seq"],
        time=document["time"],
        events=tuple(read(event) for event in (events or stored)),
        from_=document["from"],
        to=document["to"],
        fence=document["fence"],
        prev_hash=document["prev_hash"],
        state=document.get("state"),
        cut=cut,
        writer=document["writer"],
        wseq=document["wseq"],
        stored_hash=document["hash"],
    )


def verify_chain(
    documents: Iterable[dict[str, Any]], known: PublicKeys = NO_KEYS
) -> str:
    """Walk a stream's raw documents in order and return the head's hash.

    The raw documents are hashed, not what this program makes of them, so that events
    from a newer program verify too. Not covered are the writer's own numbers, and
    `state`, which `checkpoint.captured` names by its digest. An entry that was redacted
    counts by its tombstone, if a key of `known` signed that. Raises BrokenChainError at
    the first broken link.
    """
    head, stream = GENESIS, ""
    for expected, document in enumerate(documents, start=1):
        stream = stream or str(document.get("stream"))
        reason = _broken(document, stream, expected, head, known)
        if reason is not None:
            raise BrokenChainError(stream=stream, seq=expected, reason=reason)
        head = document["hash"]
    return head


HASHED = ("stream", "seq", "time", "fence", "from", "to", "events")
STORED = ("_id", *HASHED, "prev_hash", "hash")


def entry_of(document: Mapping[str, Any]) -> JSON:
    """Return what the hash covers of a raw document."""
    entry = {name: document[name] for name in HASHED}
    return {**entry, "time": shown(document["time"])}


def _broken(
    document: dict[str, Any], stream: str, expected: int, head: str, known: PublicKeys
) -> str | None:
    missing = [name for name in STORED if name not in document]
    if missing:
        return f"it has no {missing[0]}"
    if document["stream"] != stream or document["_id"] != f"{stream}:{document['seq']}":
        return "it belongs to another stream"
    if document["seq"] != expected:
        return "it is missing"
    if document["prev_hash"] != head:
        return "it does not follow the entry before it"
    return _changed(document, known)


def _changed(document: dict[str, Any], known: PublicKeys) -> str | None:
    """Return what is wrong with an entry's content."""
    head = document["prev_hash"]
    try:
        entry = entry_of(document)
        tombstone = document.get(tombstones.FIELD)
        if tombstone is not None:
            hashes = head, document["hash"]
            signed = tombstones.fits(entry, hashes, tombstone, known)
            return None if signed else "nobody known signed for its redaction"
        found = chain_hash(head, entry)
    except (AttributeError, ValueError, rfc8785.CanonicalizationError):
        return "its content has no canonical form"
    return None if found == document["hash"] else "its content does not match its hash"
