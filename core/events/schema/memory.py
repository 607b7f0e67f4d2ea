"""What happens to session memory: never what it says."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.events.base import Payload

Reason = Literal["expired", "deleted", "redacted", "forgotten", "compacted"]


class MemorySessionOpened(Payload):
    """A session began to be; `scope` is what it belongs to."""

    type: Literal["memory.session_opened"] = "memory.session_opened"
    session_id: str
    scope: str
    repository: str | None = None
    pull: int | None = None
    fork: bool = False
    expires_at: datetime


class MemoryAppended(Payload):
    """Items were sealed in; `kinds` counts them, `head` is the last one's link."""

    type: Literal["memory.appended"] = "memory.appended"
    session_id: str
    first: int
    last: int
    kinds: dict[str, int] = Field(default_factory=dict)
    head: str


class MemoryRenewed(Payload):
    """A session's end was put off by somebody; alerts begin anew."""

    type: Literal["memory.renewed"] = "memory.renewed"
    session_id: str
    expires_at: datetime
    generation: int
    actor: str
    reason: str


class MemoryHeld(Payload):
    """Somebody keeps a session, or items of it, from being erased."""

    type: Literal["memory.held"] = "memory.held"
    session_id: str
    hold_id: str
    kind: Literal["legal", "pinned"]
    items: tuple[int, ...] = ()
    actor: str
    reason: str


class MemoryReleased(Payload):
    """A hold was taken off."""

    type: Literal["memory.released"] = "memory.released"
    session_id: str
    hold_id: str
    actor: str
    reason: str


class MemoryExpiring(Payload):
    """A session, or items of it, will expire soon: once a threshold and generation.

    `subject` is `session` or `items`; `threshold` is in seconds before `expires_at`.
    """

    type: Literal["memory.expiring"] = "memory.expiring"
    session_id: str
    subject: Literal["session", "items"] = "session"
    scope: str
    repository: str | None = None
    pull: int | None = None
    generation: int
    threshold: int
    expires_at: datetime


class MemoryNotified(Payload):
    """An alert was sent over a channel beside the journal."""

    type: Literal["memory.notified"] = "memory.notified"
    session_id: str
    subject: Literal["session", "items"] = "session"
    generation: int
    threshold: int
    channel: str
    attempts: int = 1


class MemoryErased(Payload):
    """Contents are gone for good: the whole session without `items`.

    `effective_live_at` is when nothing here opens them any more, `effective_backups_by`
    when no backup does either.
    """

    type: Literal["memory.erased"] = "memory.erased"
    session_id: str
    reason: Reason
    items: tuple[int, ...] = ()
    actor: str
    why: str = ""
    effective_live_at: datetime
    effective_backups_by: datetime


class MemoryCompacted(Payload):
    """A summary took the place of messages; `lineage` are what it was made from."""

    type: Literal["memory.compacted"] = "memory.compacted"
    session_id: str
    summary: int
    lineage: tuple[int, ...]


class MemoryRedactionRequested(Payload):
    """Something is to be erased from a session and from all that was made from it.

    `rule` says how it is found (`message`, `span`, `pattern`), `length` about how long
    it is; nothing tells what it said.
    """

    type: Literal["memory.redaction_requested"] = "memory.redaction_requested"
    session_id: str
    redaction_id: str
    repository: str | None = None
    pull: int | None = None
    rule: Literal["message", "span", "pattern"]
    items: tuple[int, ...]
    length: str
    epoch: int
    actor: str
    reason: str
    override_hold: bool = False


class MemoryRedactionReached(Payload):
    """One kind of place was gone through; `left` says what is still to be done."""

    type: Literal["memory.redaction_reached"] = "memory.redaction_reached"
    session_id: str
    redaction_id: str
    place: str
    changed: int
    left: str = ""


class MemoryRedactionCompleted(Payload):
    """Everywhere it was confirmed that nothing is left."""

    type: Literal["memory.redaction_completed"] = "memory.redaction_completed"
    session_id: str
    redaction_id: str
    changed: int


class MemoryKeyChanged(Payload):
    """The keyring changed; `rewrapped` counts what is under another key now.

    `number` is the keyring's revision that came of it, 0 for a re-wrapping. `lost` is
    what was under a key that was retired all the same, and opens no more.
    """

    type: Literal["memory.key_changed"] = "memory.key_changed"
    key_id: str
    change: Literal["added", "promoted", "rewrapped", "retired"]
    rewrapped: int = 0
    actor: str
    number: int = 0
    reason: str = ""
    lost: int = 0
