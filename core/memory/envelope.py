"""Seals contents: AES-256-GCM, bound to the one place where they may be read again.

Source of the rules: NIST SP 800-38D, section 8.2.2, for random 96-bit nonces under one
key; a session's key seals far fewer than 2^32 items.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT = b"nofx-memory-1"
KEY = 32
NONCE = 12
TAG = 16
DIGEST = 32


class NotAuthenticError(Exception):
    """What was to be opened was not sealed with this key for this place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sealed content belongs; a content moved elsewhere does not open.

    `field` is `content`, or what else is sealed beside it. The key's id is the
    session's: keys are never shared between sessions.
    """

    tenant: str
    session_id: str
    kind: str
    seq: int
    field: str
    revision: int

    def aad(self) -> bytes:
        """Return the additional data, each part with its length before it."""
        return framed(
            FORMAT,
            self.tenant.encode(),
            self.session_id.encode(),
            self.kind.encode(),
            self.seq.to_bytes(8),
            self.field.encode(),
            self.revision.to_bytes(8),
        )


def framed(*parts: bytes) -> bytes:
    """Join parts so that no two lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def context_of(tenant: str, session_id: str) -> bytes:
    """Return what a session's key is bound to when it is wrapped."""
    return framed(b"session", tenant.encode(), session_id.encode())


def new_key() -> bytes:
    """Return 32 random bytes."""
    return os.urandom(KEY)


class Sealer:
    """Seals and opens with one key of 32 bytes; parts of it make MACs."""

    __slots__ = ("_aead", "_mac")

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._mac = HKDF(SHA256(), KEY, salt=None, info=FORMAT + b" mac").derive(key)

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """Return nonce and ciphertext."""
        nonce = os.urandom(NONCE)
        return nonce + self._aead.encrypt(nonce, plain, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Return what was sealed; raises NotAuthenticError."""
        if len(sealed) < NONCE + TAG:
            raise NotAuthenticError
        try:
            return self._aead.decrypt(sealed[:NONCE], sealed[NONCE:], aad)
        except InvalidTag:
            raise NotAuthenticError from None

    def mac(self, *parts: bytes) -> bytes:
        """Return the HMAC-SHA-256 over the parts."""
        return hmac.digest(self._mac, framed(FORMAT, *parts), "sha256")

    @staticmethod
    def equal(one: bytes, other: bytes) -> bool:
        """Compare two MACs in a time that tells nothing of them."""
        return hmac.compare_digest(one, other)


def digest(sealed: Iterable[bytes]) -> bytes:
    """Return the SHA-256 of sealed bytes."""
    hashed = hashlib.sha256()
    for part in sealed:
        hashed.update(part)
    return hashed.digest()
