"""Signs what redactions leave behind, so that nobody else can leave the like; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Signer(Protocol):
    """The private half of an Ed25519 key (RFC 8032) that this process may use."""

    @property
    def key_id(self) -> str:
        """Return the name under which its public half is kept."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the signature: 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The public halves that are known, by key id: 32 bytes each."""

    keys: Mapping[str, bytes] = field(default_factory=dict)

    def signed(self, key_id: object, signature: object, data: bytes) -> bool:
        """Return whether a known key of this id made the signature over the data."""
        public = self.keys.get(key_id) if isinstance(key_id, str) else None
        if public is None or not isinstance(signature, bytes):
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


NO_KEYS = PublicKeys()
