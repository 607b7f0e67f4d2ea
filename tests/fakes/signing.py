"""A key that signs redactions in tests, and its public half in the database."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.redaction.needles import Needles
from core.redaction.places import Order
from core.redaction.public_keys import COLLECTION
from core.redaction.signing import PublicKeys
from core.store.database import Database

MARK = "[redacted red_1]"


@dataclass(frozen=True)
class FakeSigner:
    """Signs with an Ed25519 key that is made from one byte."""

    key_id: str = "sign_1"
    seed: bytes = b"s"
    _key: Ed25519PrivateKey = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the key."""
        made = Ed25519PrivateKey.from_private_bytes(self.seed * 32)
        object.__setattr__(self, "_key", made)

    def sign(self, data: bytes) -> bytes:
        """Return the signature."""
        return self._key.sign(data)

    @property
    def public(self) -> bytes:
        """Return the public half."""
        return self._key.public_key().public_bytes_raw()

    @property
    def known(self) -> PublicKeys:
        """Return what knows this key alone."""
        return PublicKeys({self.key_id: self.public})


async def publish(database: Database, signer: FakeSigner) -> None:
    """Keep the public half where whoever verifies looks for it."""
    wrapped = {"kek": "nobody's", "data": b"", "revision": 1}
    made_at = datetime(2026, 1, 1, tzinfo=UTC)
    fields = {"public": signer.public, "key": wrapped, "made_at": made_at}
    await database.db[COLLECTION].update_one(
        {"_id": signer.key_id}, {"$set": fields}, upsert=True
    )


def order(
    *texts: str,
    redaction_id: str = "red_1",
    repository: str | None = "octo/hello",
    pull: int | None = 1,
) -> Order:
    """Return an order to cut these texts."""
    return Order(
        redaction_id=redaction_id,
        session_id="ses_1",
        repository=repository,
        pull=pull,
        needles=Needles(texts, f"[redacted {redaction_id}]"),
        actor="ada",
        reason="it was a secret",
    )
