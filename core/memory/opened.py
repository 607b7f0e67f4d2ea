"""A session whose key is in hand: seals new items, opens stored ones, knows its end."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.errors import (
    ItemMalformedError,
    ItemTooLargeError,
    SealBrokenError,
    SessionMovedError,
    SessionRedactedError,
)
from core.events import canonical
from core.memory import chain
from core.memory.documents import facts_from, item_document
from core.memory.envelope import NotAuthenticError, Place, Sealer, digest
from core.memory.model import (
    JSON,
    LARGEST_ITEM,
    Draft,
    Facts,
    Head,
    Item,
    Session,
)
from core.store.database import Document


@dataclass(frozen=True, slots=True)
class Opened:
    """A session as it was read, with the items behind its head counted in.

    `seq`, `link` and `epoch` are those of its very last item.
    """

    session: Session
    sealer: Sealer
    seq: int
    link: bytes
    epoch: int

    def sealed(
        self, drafts: Sequence[Draft], now: datetime, *, epoch: int | None = None
    ) -> tuple[list[Document], "Opened"]:
        """Return the items' documents, and the session as it is once they are stored.

        A marker that begins a new `epoch` says so. Raises ItemTooLargeError.
        """
        documents: list[Document] = []
        at, last, this = self.seq, self.link, self.epoch if epoch is None else epoch
        for draft in drafts:
            at += 1
            plain = encoded(draft.content)
            facts = Facts(
                session_id=self.session.id,
                seq=at,
                kind=draft.kind,
                role=draft.role,
                source=draft.source,
                author=draft.author,
                at=now,
                size=len(plain),
                epoch=this,
                lineage=draft.lineage,
                refs=draft.refs,
                blobs=draft.blobs,
                redacts=draft.redacts,
                expires_at=draft.expires_at,
                once=self.once(draft.once) if draft.once else "",
            )
            sealed = self.sealer.seal(plain, self._place(facts).aad())
            made = digest([sealed])
            last = chain.link(self.sealer, last, facts, made)
            documents.append(
                item_document(facts, sealed=sealed, digest=made, link=last)
            )
        return documents, replace(self, seq=at, link=last, epoch=this)

    def behind(self, stored: Sequence[Document]) -> "Opened":
        """Return the session as it is behind items that were stored."""
        last = stored[-1]
        link = bytes(last["link"])
        return replace(self, seq=last["seq"], link=link, epoch=last["epoch"])

    def once(self, name: str) -> str:
        """Return what is stored of a name under which an item is kept once."""
        return self.sealer.mac(b"once", self.session.id.encode(), name.encode()).hex()

    def open(self, found: Document) -> Item:
        """Return an item with its content; raises SealBrokenError."""
        facts = facts_from(found)
        if "erased" in found:
            return Item(facts=facts, content=None)
        if "sealed" not in found:
            raise self.broken(facts.seq, "its content is missing")
        sealed = bytes(found["sealed"])
        self._check_digest(found, facts, digest([sealed]))
        try:
            plain = self.sealer.open(sealed, self._place(facts).aad())
        except NotAuthenticError:
            raise self.broken(facts.seq, "it does not open here") from None
        content: JSON = json.loads(plain)
        return Item(facts=facts, content=content)

    def resealed(self, found: Document, content: JSON) -> Document:
        """Return the fields by which another content takes an item's place."""
        facts = facts_from(found)
        plain = encoded(content)
        later = replace(facts, revision=facts.revision + 1)
        sealed = self.sealer.seal(plain, self._place(later).aad())
        made = digest([sealed])
        mac = chain.patch(self.sealer, later, made)
        return {
            "sealed": sealed,
            "revision": later.revision,
            "patch": {"digest": made, "mac": mac},
        }

    def expect(self, end: int | None, epoch: int | None) -> None:
        """Raise SessionMovedError or SessionRedactedError where it has gone on."""
        session_id = self.session.id
        if end is not None and self.seq != end:
            raise SessionMovedError(session_id=session_id, head=self.seq, expected=end)
        if epoch is not None and self.epoch != epoch:
            raise SessionRedactedError(session_id=session_id)

    def head(self) -> Head:
        """Return the head that seals in everything up to the last item."""
        return chain.head(self.sealer, self.session.id, self.seq, self.link, self.epoch)

    def follow(self, before: bytes, found: Document) -> bytes:
        """Return a stored item's link after checking it; raises SealBrokenError."""
        facts = facts_from(found)
        made = chain.link(self.sealer, before, facts, bytes(found["digest"]))
        if made != bytes(found["link"]):
            raise self.broken(facts.seq, "it does not follow the one before it")
        return made

    def broken(self, seq: int, reason: str) -> SealBrokenError:
        """Return the error that says what is wrong with an item."""
        return SealBrokenError(session_id=self.session.id, seq=seq, reason=reason)

    def _place(self, facts: Facts) -> Place:
        return Place(
            tenant=self.session.scope.tenant,
            session_id=self.session.id,
            kind=facts.kind,
            seq=facts.seq,
            field="content",
            revision=facts.revision,
        )

    def _check_digest(self, found: Document, facts: Facts, made: bytes) -> None:
        if facts.revision == 1:
            if made != bytes(found["digest"]):
                raise self.broken(facts.seq, "its bytes were changed")
            return
        patch = found.get("patch", {})
        mac = chain.patch(self.sealer, facts, made)
        if not self.sealer.equal(mac, bytes(patch.get("mac", b""))):
            raise self.broken(facts.seq, "its bytes were changed")


def encoded(content: JSON) -> bytes:
    """Return a content as bytes; raises ItemTooLargeError, ItemMalformedError."""
    try:
        plain = canonical.dumps(content)
    except ValueError:
        # Half a surrogate pair, or a number past 2^53: what it is must not be quoted.
        reason = "its content cannot be written as canonical JSON"
        raise ItemMalformedError(reason=reason) from None
    if len(plain) > LARGEST_ITEM:
        raise ItemTooLargeError(size=len(plain), most=LARGEST_ITEM)
    return plain
