"""Sessions and their items as the API shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from bot.api.answers.base import Shown
from core.memory.browsing import FactsPage
from core.memory.listing import SessionPage
from core.memory.model import (
    JSON,
    Facts,
    Head,
    Hold,
    Kind,
    Role,
    ScopeKind,
    Session,
    Source,
    State,
)


class SessionScope(Shown):
    """What a session belongs to."""

    kind: ScopeKind
    repository: str | None
    pull: int | None
    installation_id: int | None
    actor: str | None


class HoldDetail(Shown):
    """What keeps a session, or some of its items, from being erased."""

    id: str
    kind: Literal["legal", "pinned"]
    reason: str
    actor: str
    at: datetime
    items: list[int] = Field(description="the items that are held; empty for all")

    @classmethod
    def of(cls, hold: Hold) -> "HoldDetail":
        """Return a hold as the API shows it."""
        return cls.model_validate(hold, from_attributes=True)


class SessionLine(Shown):
    """One session in a list."""

    id: str
    scope: SessionScope
    fork: bool = Field(description="whether it is of a pull request from a fork")
    state: State
    revision: int = Field(description="grows with each change; the ETag in quotes")
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    held: bool
    counts: dict[str, int] = Field(description="items that were sealed in, by kind")


class SessionList(Shown):
    """Sessions, newest first."""

    sessions: list[SessionLine]
    next: str | None = Field(
        description="the cursor of the next page; null when this is the last"
    )

    @classmethod
    def of(cls, page: SessionPage) -> "SessionList":
        """Return the page as the API shows it."""
        return cls(
            sessions=[SessionLine(**_line(one)) for one in page.sessions],
            next=page.next.cursor() if page.next else None,
        )


class SessionHead(Shown):
    """The last item that is sealed in, and what proves all up to it."""

    seq: int
    link: str = Field(description="its link in the chain of MACs, in hexadecimal")
    mac: str = Field(description="the MAC over both, in hexadecimal")

    @classmethod
    def of(cls, head: Head) -> "SessionHead":
        """Return a head as the API shows it."""
        return cls(seq=head.seq, link=head.link.hex(), mac=head.mac.hex())


class SessionKey(Shown):
    """Under which key of the ring the session's own key lies."""

    id: str
    revision: int = Field(description="how often it was wrapped, from 1")


class SessionDetail(SessionLine):
    """Everything that is known of a session without opening it."""

    epoch: int = Field(description="grows when something is erased from it")
    generation: int = Field(description="grows when its end is set anew")
    sliding: int = Field(description="seconds by which an item puts the end off, or 0")
    head: SessionHead
    key: SessionKey | None
    holds: list[HoldDetail]
    redactions: int = Field(description="how many there have been, or are under way")

    @classmethod
    def of(cls, session: Session, *, redactions: int) -> "SessionDetail":
        """Return a session as the API shows it."""
        key = session.key
        return cls(
            **_line(session),
            epoch=session.epoch,
            generation=session.generation,
            sliding=session.sliding,
            head=SessionHead.of(session.head),
            key=SessionKey(id=key.kek, revision=key.revision) if key else None,
            holds=[HoldDetail.of(one) for one in session.holds],
            redactions=redactions,
        )


class SessionEnded(Shown):
    """A session that is gone for good, and when nothing opens it any more."""

    id: str
    state: State
    effective_live_at: datetime = Field(description="here")
    effective_backups_by: datetime = Field(description="in backups, once they are old")

    @classmethod
    def of(cls, session: Session) -> "SessionEnded":
        """Return an ended session as the API shows it."""
        return cls(id=session.id, state=session.state, **(session.shredded or {}))


def _line(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "scope": SessionScope.model_validate(session.scope),
        "fork": session.fork,
        "state": session.state,
        "revision": session.revision,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "expires_at": session.expires_at,
        "held": session.is_held,
        "counts": dict(session.counts),
    }


class ItemDetail(Shown):
    """What is known of an item, and its content where that was asked for."""

    seq: int = Field(description="its place in the session, from 1")
    kind: Kind
    role: Role | None
    source: Source
    author: str
    at: datetime
    size: int = Field(description="bytes of its content, before it was sealed")
    epoch: int
    revision: int = Field(description="how often a part of it was redacted, from 1")
    lineage: list[int] = Field(description="the items that it was made from")
    refs: dict[str, str] = Field(description="where it came from")
    redacts: list[int] = Field(description="the items of which it says they are erased")
    expires_at: datetime | None
    erased: dict[str, Any] | None = Field(
        description="why there is no content any more"
    )
    tombstones: list[dict[str, Any]] = Field(
        description="who took what kind of thing out of it, when and why"
    )
    content: JSON | None = Field(
        description="null where it was not asked for, or is erased"
    )

    @classmethod
    def of(cls, facts: Facts, content: JSON | None = None) -> "ItemDetail":
        """Return an item as the API shows it."""
        fields = (name for name in cls.model_fields if name != "content")
        values = {name: getattr(facts, name) for name in fields}
        return cls(**values, content=content)


class ItemList(Shown):
    """Items of a session, in order."""

    session_id: str
    items: list[ItemDetail]
    decrypted: bool = Field(description="whether contents were asked for")
    next: int | None = Field(
        description="`after` of the next page; null when this is the last"
    )

    @classmethod
    def of(
        cls,
        session_id: str,
        page: FactsPage,
        contents: Mapping[int, JSON | None] | None,
    ) -> "ItemList":
        """Return the page as the API shows it."""
        return cls(
            session_id=session_id,
            items=_items(page.items, contents or {}),
            decrypted=contents is not None,
            next=page.next,
        )


def _items(
    items: Sequence[Facts], contents: Mapping[int, JSON | None]
) -> list[ItemDetail]:
    return [ItemDetail.of(one, contents.get(one.seq)) for one in items]
