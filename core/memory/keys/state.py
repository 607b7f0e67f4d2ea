"""The keyring as a value: which key is active, which came before, what may change."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from core.errors import MemoryKeyWishError

KeyState = Literal["added", "active", "retired"]
KeyChange = Literal["added", "promoted", "rewrapped", "retired"]
# So long after another took its place, a key may still wrap in some process: it read
# the ring before that, and its write is on its way.
SETTLED = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class RingKey:
    """What is known of a key; `canary` was wrapped with it when it came.

    `check` tells it from another of its name. `replaced_at` is when another became
    active in its place.
    """

    id: str
    canary: bytes
    check: bytes | None
    added_at: datetime
    promoted_at: datetime | None = None
    replaced_at: datetime | None = None
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A change of the ring that the journal and the audit may not have yet.

    `number` is the ring's revision that came of it.
    """

    number: int
    change: KeyChange
    key_id: str
    actor: str
    reason: str = ""
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """All keys, oldest first, and which of them wraps what is new."""

    revision: int
    active: str
    keys: tuple[RingKey, ...]
    untold: tuple[Untold, ...] = ()

    def get(self, key_id: str) -> RingKey | None:
        """Return what is known of a key."""
        return next((key for key in self.keys if key.id == key_id), None)

    def state(self, key: RingKey) -> KeyState:
        """Return what a key is for now."""
        if key.id == self.active:
            return "active"
        return "added" if key.retired_at is None else "retired"

    def with_key(self, key: RingKey) -> "Ring":
        """Return the ring with one key as it is now, behind the others if it is new."""
        if self.get(key.id) is None:
            return replace(self, keys=(*self.keys, key))
        kept = tuple(key if one.id == key.id else one for one in self.keys)
        return replace(self, keys=kept)

    def promoted(self, key: RingKey, now: datetime) -> "Ring":
        """Return the ring with another active key."""
        ring = self.with_key(replace(key, promoted_at=now, replaced_at=None))
        before = self.get(self.active)
        if before is not None and before.id != key.id:
            ring = ring.with_key(replace(before, replaced_at=now))
        return replace(ring, active=key.id)

    def told(self, *changes: Untold) -> "Ring":
        """Return the ring one revision on, with changes that are to be told."""
        number = self.revision + 1
        later = tuple(replace(one, number=number) for one in changes)
        return replace(self, revision=number, untold=(*self.untold, *later))


def retirable(ring: Ring, key_id: str, now: datetime) -> RingKey:
    """Return a key that may be retired by now; raises MemoryKeyWishError."""
    key = ring.get(key_id)
    if key is None:
        raise wished(key_id, "retired", "it was not added")
    if key_id == ring.active:
        raise wished(key_id, "retired", "it is active; promote another one first")
    if key.replaced_at is not None:
        left = key.replaced_at + SETTLED - now
        if left > timedelta():
            seconds = ceil(left.total_seconds())
            reason = f"some process may still use it; try again in {seconds} seconds"
            raise wished(key_id, "retired", reason)
    return key


def unretired(ring: Ring, key_id: str, wish: str) -> RingKey:
    """Return a key that was added and not retired; raises MemoryKeyWishError."""
    key = ring.get(key_id)
    if key is None:
        raise wished(key_id, wish, "it was not added")
    if key.retired_at is not None:
        raise wished(key_id, wish, "it was retired")
    return key


def wished(key_id: str, wish: str, reason: str) -> MemoryKeyWishError:
    """Return the error that says why a key cannot be changed as somebody wished."""
    return MemoryKeyWishError(key_id=key_id, wish=wish, reason=reason)
