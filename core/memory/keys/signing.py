"""The key that signs tombstones: anybody can check what only nofx can sign.

Its private half lies in the database, wrapped by the keyring as sessions' keys are; its
public half lies beside it in the clear.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from core.clock import Clock
from core.errors import MemoryWrapBrokenError
from core.memory.documents import key_document, key_from
from core.memory.envelope import framed
from core.memory.keys.ring import KeyRing
from core.store.database import Database, Document, DuplicateKeyError, translating
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "signing_keys"
NAMES = "sign_{}"
SIGNING_KEYS = CollectionSpec(
    name=COLLECTION,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "public", "key", "made_at"],
            "additionalProperties": False,
            "properties": {
                "_id": {"bsonType": "string", "minLength": 1},
                "public": {"bsonType": "binData"},
                "key": {
                    "bsonType": "object",
                    "required": ["kek", "data", "revision"],
                    "additionalProperties": False,
                    "properties": {
                        "kek": {"bsonType": "string", "minLength": 1},
                        "data": {"bsonType": "binData"},
                        "revision": {"bsonType": ["int", "long"], "minimum": 1},
                    },
                },
                "made_at": {"bsonType": "date"},
            },
        }
    },
    indexes=(IndexSpec(keys=("key.kek",)),),
)


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 key (RFC 8032) that this process may sign with."""

    key_id: str
    _private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """Return the public half: 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """Return the signature: 64 bytes."""
        return self._private.sign(data)


class Signing:
    """Makes the key once for all processes, and opens it when something is signed.

    Every method raises StoreUnavailableError; `signer` raises MemoryKeyError too.
    """

    def __init__(self, database: Database, ring: KeyRing, *, clock: Clock) -> None:
        self._keys = database.db[COLLECTION]
        self._ring = ring
        self._clock = clock
        self._signer: Signer | None = None

    async def signer(self) -> Signer:
        """Return what signs; it is made at the first call of all.

        One whose private half is lost with a retired key is followed by another; its
        public half still verifies what it signed.
        """
        if self._signer is None:
            self._signer = await self._opened(await self._usable())
        return self._signer

    async def public(self, key_id: str) -> bytes | None:
        """Return the public half of a key, None when there is none of this name."""
        found = await self._stored(key_id)
        return bytes(found["public"]) if found else None

    async def _usable(self) -> Document:
        await self._ring.ready()
        number = 1
        while True:
            name = NAMES.format(number)
            found = await self._stored(name) or await self._made(name)
            if await self._ring.allows(found["key"]["kek"]):
                return found
            number += 1

    async def _stored(self, key_id: str) -> Document | None:
        with translating():
            return await self._keys.find_one({"_id": key_id})

    async def _made(self, name: str) -> Document:
        signer = Signer(name, Ed25519PrivateKey.generate())
        raw = signer._private.private_bytes_raw()  # noqa: SLF001 # it is this room's
        key = await self._ring.wrap(raw, context_of(name, signer.public))
        document: Document = {
            "_id": name,
            "public": signer.public,
            "key": key_document(key),
            "made_at": self._clock.now(),
        }
        with translating():
            try:
                await self._keys.insert_one(document)
            except DuplicateKeyError:
                found = await self._stored(name)
                if found is None:
                    raise
                return found
        return document

    async def _opened(self, found: Document) -> Signer:
        key, public = key_from(found["key"]), bytes(found["public"])
        raw = await self._ring.unwrap(key, context_of(found["_id"], public))
        signer = Signer(found["_id"], Ed25519PrivateKey.from_private_bytes(raw))
        if signer.public != public:
            raise MemoryWrapBrokenError(key_id=key.kek)
        return signer


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Return whether the private half of a key made the signature over the data."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def context_of(key_id: str, public: bytes) -> bytes:
    """Return what the private half is bound to when it is wrapped."""
    return framed(b"signing", key_id.encode(), public)
