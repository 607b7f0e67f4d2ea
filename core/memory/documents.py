"""How sessions and items lie in the database."""

from datetime import datetime
from typing import Any

from bson import Binary

from core.memory.model import (
    Facts,
    Head,
    Hold,
    Kind,
    Role,
    Scope,
    Session,
    Source,
    WrappedKey,
)
from core.store.database import Document
from core.store.slices import is_milestone


def session_document(session: Session) -> Document:
    """Return a session as it is stored; what is None is left out."""
    scope = session.scope
    document: Document = {
        "_id": session.id,
        "scope": _present(
            kind=scope.kind,
            repository=scope.repository,
            pull=scope.pull,
            installation_id=scope.installation_id,
            actor=scope.actor,
        ),
        "scope_key": scope.key,
        "tenant": scope.tenant,
        "fork": session.fork,
        "state": session.state,
        "revision": session.revision,
        "epoch": session.epoch,
        "head": head_document(session.head),
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "expires_at": session.expires_at,
        "generation": session.generation,
        "sliding": session.sliding,
        "holds": [hold_document(hold) for hold in session.holds],
        "counts": dict(session.counts),
    }
    if is_milestone(session.id):
        document["milestone"] = True
    if session.key is not None:
        document["key"] = key_document(session.key)
    if session.shredded is not None:
        document["shredded"] = dict(session.shredded)
    return document


def session_from(found: Document) -> Session:
    """Read a session as it was stored."""
    head, key = found["head"], found.get("key")
    return Session(
        id=found["_id"],
        scope=Scope(**found["scope"]),
        fork=found["fork"],
        state=found["state"],
        revision=found["revision"],
        epoch=found["epoch"],
        head=Head(seq=head["seq"], link=bytes(head["link"]), mac=bytes(head["mac"])),
        key=key_from(key) if key else None,
        created_at=found["created_at"],
        updated_at=found["updated_at"],
        expires_at=found["expires_at"],
        generation=found["generation"],
        sliding=found["sliding"],
        holds=tuple(_hold(one) for one in found["holds"]),
        counts=found["counts"],
        shredded=found.get("shredded"),
    )


def head_document(head: Head) -> Document:
    """Return a head as it is stored."""
    return {"seq": head.seq, "link": Binary(head.link), "mac": Binary(head.mac)}


def key_document(key: WrappedKey) -> Document:
    """Return a wrapped key as it is stored."""
    return {"kek": key.kek, "data": Binary(key.data), "revision": key.revision}


def key_from(found: Document) -> WrappedKey:
    """Read a wrapped key as it was stored."""
    return WrappedKey(
        kek=found["kek"], data=bytes(found["data"]), revision=found["revision"]
    )


def hold_document(hold: Hold) -> Document:
    """Return a hold as it is stored."""
    return {
        "id": hold.id,
        "kind": hold.kind,
        "reason": hold.reason,
        "actor": hold.actor,
        "at": hold.at,
        "items": list(hold.items),
    }


def _hold(found: Document) -> Hold:
    return Hold(**{**found, "items": tuple(found["items"])})


def item_document(
    facts: Facts, *, sealed: bytes, digest: bytes, link: bytes
) -> Document:
    """Return a new item as it is stored."""
    return {
        "_id": item_id(facts.session_id, facts.seq),
        "session": facts.session_id,
        "seq": facts.seq,
        "kind": facts.kind.value,
        "source": facts.source.value,
        "author": facts.author,
        "at": facts.at,
        "size": facts.size,
        "epoch": facts.epoch,
        "revision": facts.revision,
        "digest": Binary(digest),
        "link": Binary(link),
        "sealed": Binary(sealed),
        **_present(
            role=facts.role.value if facts.role else None,
            lineage=list(facts.lineage) or None,
            refs=dict(facts.refs) or None,
            blobs=list(facts.blobs) or None,
            redacts=list(facts.redacts) or None,
            expires_at=facts.expires_at,
            once=facts.once or None,
        ),
    }


def facts_from(found: Document) -> Facts:
    """Read what is known of an item."""
    role = found.get("role")
    return Facts(
        session_id=found["session"],
        seq=found["seq"],
        kind=Kind(found["kind"]),
        role=Role(role) if role else None,
        source=Source(found["source"]),
        author=found["author"],
        at=found["at"],
        size=found["size"],
        epoch=found["epoch"],
        revision=found["revision"],
        lineage=tuple(found.get("lineage", ())),
        refs=found.get("refs", {}),
        blobs=tuple(found.get("blobs", ())),
        redacts=tuple(found.get("redacts", ())),
        expires_at=found.get("expires_at"),
        once=found.get("once", ""),
        erased=found.get("erased"),
        tombstones=tuple(found.get("tombstones", ())),
    )


def shown(session: Session, found: Document, now: datetime) -> bool:
    """Return whether a stored item may still be read."""
    if found.get("erased", {}).get("reason") == "expired":
        return False
    return session.shows(found["seq"], found.get("expires_at"), now)


def item_id(session_id: str, seq: int) -> str:
    """Return `session:seq`, the key that lets one writer through."""
    return f"{session_id}:{seq}"


def _present(**fields: Any) -> Document:
    return {name: value for name, value in fields.items() if value is not None}
