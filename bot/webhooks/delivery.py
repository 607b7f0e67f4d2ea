"""What a delivery is: as it arrived, as a worker holds it, as an operator lists it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import zstandard

from bot.webhooks.place import NOWHERE, Place
from core.errors import DeliveryCorruptError, DeliveryTooLargeError

# A MongoDB document holds 16 MiB; the rest is for the other fields.
MOST_PACKED_BYTES = 15 * 1024 * 1024
# How long an ended delivery can still be looked up.
KEPT = timedelta(days=7)


class DeliveryState(StrEnum):
    """Where a delivery stands: two open states, three ends."""

    RECEIVED = "received"
    PROCESSING = "processing"
    DONE = "done"
    IGNORED = "ignored"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A verified delivery on its way into the store.

    `packed` is its JSON compressed with zstd, `digest` the SHA-256 of the JSON in hex,
    `ignored` why nobody needs to work on it, `place` whom it is about.
    """

    guid: str
    event: str
    action: str | None
    packed: bytes
    digest: str
    ignored: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A delivery that looked due a moment ago, as it looked then."""

    guid: str
    state: DeliveryState
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery that one worker holds under a lease named `token`.

    `attempts` counts every time that it was ever handed out, this one included: past 1,
    an earlier worker may have done all of it. `excused` of them were not its fault.
    """

    guid: str
    event: str
    received_at: datetime
    attempts: int
    excused: int
    token: str
    packed: bytes
    digest: str

    @property
    def counted(self) -> int:
        """Return how many attempts count against it, this one included."""
        return self.attempts - self.excused

    def payload(self) -> Mapping[str, object]:
        """Return what GitHub sent; raises DeliveryCorruptError if it changed since."""
        try:
            body = zstandard.ZstdDecompressor().decompress(self.packed)
        except zstandard.ZstdError as error:
            raise DeliveryCorruptError(guid=self.guid) from error
        if hashlib.sha256(body).hexdigest() != self.digest:
            raise DeliveryCorruptError(guid=self.guid)
        payload: dict[str, object] = json.loads(body)
        return payload


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A delivery that was given up, for the operator's list."""

    guid: str
    event: str
    action: str | None
    received_at: datetime
    attempts: int
    reason: str


def arrived(*, guid: str, event: str, action: str | None, body: bytes) -> Arrival:
    """Pack a delivery's JSON; raises DeliveryTooLargeError when it cannot be stored.

    The largest body that GitHub sends is above what a document holds; JSON shrinks to
    a tenth or so, and one that does not shrink is refused rather than cut.
    """
    packed = zstandard.ZstdCompressor(level=3).compress(body)
    if len(packed) > MOST_PACKED_BYTES:
        raise DeliveryTooLargeError(limit=MOST_PACKED_BYTES, when=" when compressed")
    digest = hashlib.sha256(body).hexdigest()
    return Arrival(guid=guid, event=event, action=action, packed=packed, digest=digest)
