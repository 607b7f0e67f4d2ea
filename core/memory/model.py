"""Sessions and their items as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

JSON = dict[str, Any]
LARGEST_ITEM = 1024 * 1024


class Kind(StrEnum):
    """What an item is.

    A marker holds no content: it takes a place in the session's order, so that whoever
    appends meanwhile has to look again.
    """

    MESSAGE = "message"
    SUMMARY = "summary"
    SNAPSHOT = "snapshot"
    PREFERENCE = "preference"
    MARKER = "marker"


class Role(StrEnum):
    """Who speaks in a message, in the words of the models' own interfaces."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class Source(StrEnum):
    """Where an item came from."""

    COMMENT = "comment"
    COMMAND = "command"
    MODEL = "model"
    REVIEW = "review"
    API = "api"
    IMPORT = "import"


ScopeKind = Literal["pull", "repository", "installation", "actor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a session belongs to; `repository` is a full name such as `octo/hello`.

    `tenant` is whose data it is: the owner's login, or the actor's.
    """

    kind: ScopeKind
    repository: str | None = None
    pull: int | None = None
    installation_id: int | None = None
    actor: str | None = None

    @property
    def key(self) -> str:
        """Return the one name under which a live session of this scope is found."""
        match self.kind:
            case "pull":
                return f"pull:{_lower(self.repository)}#{self.pull}"
            case "repository":
                return f"repository:{_lower(self.repository)}"
            case "installation":
                return f"installation:{self.installation_id}"
            case "actor":
                return f"actor:{_lower(self.actor)}"

    @property
    def tenant(self) -> str:
        """Return whose data it is."""
        if self.repository is not None:
            return _lower(self.repository).partition("/")[0]
        return self.key


def _lower(text: str | None) -> str:
    return (text or "").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An item before it has a place; `content` is a JSON object and is encrypted.

    The rest is stored in the clear, for search. `lineage` are the items that it was
    made from, `refs` where it came from outside: `{"comment": "17", "run": "run_…"}`.
    `blobs` are the workspace's contents that it names. `expires_at` is its own end
    when that comes before the session's. An item with a name in `once` is kept once in
    its session, however often it is appended; the name is stored as a MAC.
    """

    kind: Kind
    content: JSON
    role: Role | None = None
    source: Source = Source.API
    author: str = ""
    lineage: tuple[int, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    blobs: tuple[str, ...] = ()
    redacts: tuple[int, ...] = ()
    expires_at: datetime | None = None
    once: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an item without opening it.

    `erased` says why there is no content any more. `revision` counts how often a part
    of it was redacted, from 1, and `tombstones` say by whom, when and why. `size` is in
    bytes of the content's JSON as it was first. `once` is the MAC of the name under
    which it is kept once.
    """

    session_id: str
    seq: int
    kind: Kind
    role: Role | None
    source: Source
    author: str
    at: datetime
    size: int
    epoch: int
    revision: int = 1
    lineage: tuple[int, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    blobs: tuple[str, ...] = ()
    redacts: tuple[int, ...] = ()
    expires_at: datetime | None = None
    once: str = ""
    erased: Mapping[str, Any] | None = None
    tombstones: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item that was opened; `content` is None when it was erased."""

    facts: Facts
    content: JSON | None

    @property
    def seq(self) -> int:
        """Return its place in the session, from 1."""
        return self.facts.seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What keeps a session, or some items of it, from being erased."""

    id: str
    kind: Literal["legal", "pinned"]
    reason: str
    actor: str
    at: datetime
    items: tuple[int, ...] = ()

    def covers(self, seq: int) -> bool:
        """Return whether an item is kept by it; without items all are."""
        return not self.items or seq in self.items


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A session's key under a key of the keyring; `revision` counts re-wrappings."""

    kek: str
    data: bytes
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last item that is sealed in: its number, its link, and a MAC over both."""

    seq: int
    link: bytes
    mac: bytes


State = Literal["live", "ending", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session without its items.

    `revision` grows with each change of this document and is its ETag. `epoch` counts
    redactions. `generation` counts renewals of `expires_at`. `sliding` is by how many
    seconds a new item puts the end off, 0 for never. `counts` are items by kind.
    `shredded` says, after its end, when the key went, here and in backups.
    """

    id: str
    scope: Scope
    fork: bool
    state: State
    revision: int
    epoch: int
    head: Head
    key: WrappedKey | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    generation: int
    sliding: int
    holds: tuple[Hold, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    shredded: Mapping[str, Any] | None = None

    @property
    def etag(self) -> str:
        """Return the session's version as HTTP's If-Match takes it."""
        return f'"{self.revision}"'

    def is_live(self, now: datetime) -> bool:
        """Return whether it may be read: one that has expired only while it is held."""
        if self.is_held:
            return self.state != "ended"
        return self.state == "live" and now < self.expires_at

    def is_open(self, now: datetime) -> bool:
        """Return whether it takes items: not when only some of an expired one stay."""
        whole = any(not hold.items for hold in self.holds)
        return self.state == "live" and (now < self.expires_at or whole)

    def shows(self, seq: int, ends_at: datetime | None, now: datetime) -> bool:
        """Return whether an item with this end of its own may be read."""
        if self.holds_item(seq):
            return True
        own = ends_at is None or now < ends_at
        return own and self.state == "live" and now < self.expires_at

    @property
    def is_held(self) -> bool:
        """Return whether something of it must not be erased."""
        return bool(self.holds)

    def holds_item(self, seq: int) -> bool:
        """Return whether an item must not be erased."""
        return any(hold.covers(seq) for hold in self.holds)


def stream_of(session_id: str) -> str:
    """Return the journal's stream of a session: what happened, never what it says."""
    return f"session/{session_id}"
