"""The port behind which the keys stand: a file, the environment, a key service."""

from collections.abc import Sequence
from typing import Protocol


class KeyProvider(Protocol):
    """Wraps and unwraps small secrets with keys that it never gives away.

    `context` is bound to what is wrapped: unwrapping with another is refused.
    """

    @property
    def name(self) -> str:
        """Return what kind of provider it is, such as `file`."""
        ...

    async def ids(self) -> Sequence[str]:
        """Return the ids of the keys that it was given, in their order.

        Raises MemoryKeysUnusableError.
        """
        ...

    async def check(self, key_id: str) -> bytes | None:
        """Return what tells this key from another of its name, and nothing else of it.

        None where the key never leaves a service: then the canary alone tells.
        Raises MemoryKeyMissingError.
        """
        ...

    async def wrap(self, key_id: str, secret: bytes, context: bytes) -> bytes:
        """Return the secret, wrapped.

        Raises MemoryKeyMissingError, MemoryKeyAwayError.
        """
        ...

    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret.

        Raises MemoryKeyMissingError, MemoryKeyWrongError when the key is another one or
        the bytes were changed, MemoryKeyAwayError.
        """
        ...
