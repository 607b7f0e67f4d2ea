"""Links a session's items by a chain of MACs, so that none can be taken out or back.

Each link covers the one before it, what is known of the item, and the digest of its
first sealed content. That digest stays when the content is erased: the chain still adds
up, and the marker that follows says that it was erased on purpose.
"""

import hmac
from collections.abc import Mapping
from typing import Any

from core.events import canonical
from core.memory.envelope import DIGEST, Sealer
from core.memory.model import Facts, Head

GENESIS = bytes(DIGEST)


def link(sealer: Sealer, before: bytes, facts: Facts, digest: bytes) -> bytes:
    """Return the link of an item; `digest` is of what was sealed first."""
    return sealer.mac(b"item", before, canonical.dumps(_covered(facts)), digest)


def _covered(facts: Facts) -> dict[str, Any]:
    """Return what of the facts cannot change; an expiry can be put off."""
    refs: Mapping[str, str] = dict(facts.refs)
    once = {"once": facts.once} if facts.once else {}
    return {
        "session": facts.session_id,
        "seq": facts.seq,
        "kind": facts.kind,
        "role": facts.role,
        "source": facts.source,
        "author": facts.author,
        "at": facts.at.isoformat(),
        "size": facts.size,
        "epoch": facts.epoch,
        "lineage": list(facts.lineage),
        "refs": refs,
        "redacts": list(facts.redacts),
        **once,
    }


def head(sealer: Sealer, session_id: str, seq: int, last: bytes, epoch: int) -> Head:
    """Return the head that seals in everything up to an item."""
    return Head(seq=seq, link=last, mac=_mac(sealer, session_id, seq, last, epoch))


def is_sealed(sealer: Sealer, session_id: str, stored: Head, epoch: int) -> bool:
    """Return whether a stored head was made by somebody with the session's key."""
    made = _mac(sealer, session_id, stored.seq, stored.link, epoch)
    return hmac.compare_digest(stored.mac, made)


def _mac(sealer: Sealer, session_id: str, seq: int, last: bytes, epoch: int) -> bytes:
    numbers = seq.to_bytes(8), epoch.to_bytes(8)
    return sealer.mac(b"head", session_id.encode(), *numbers, last)


def patch(sealer: Sealer, facts: Facts, digest: bytes) -> bytes:
    """Return the MAC of a content that took the first one's place, redacted."""
    numbers = facts.seq.to_bytes(8), facts.revision.to_bytes(8)
    return sealer.mac(b"patch", facts.session_id.encode(), *numbers, digest)
