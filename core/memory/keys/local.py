"""Keys that this process holds itself: from a file or the environment."""

from collections.abc import Mapping, Sequence

from typing_extensions import override

from core.errors import MemoryKeyMissingError, MemoryKeyWrongError
from core.memory.envelope import NotAuthenticError, Sealer
from core.memory.keys.provider import KeyProvider


class LocalKeys(KeyProvider):
    """Keys of 32 bytes by their ids, in memory."""

    def __init__(self, keys: Mapping[str, bytes], *, name: str = "environment") -> None:
        self._sealers = {key_id: Sealer(key) for key_id, key in keys.items()}
        self._name = name

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def ids(self) -> Sequence[str]:
        return tuple(self._sealers)

    @override
    async def wrap(self, key_id: str, secret: bytes, context: bytes) -> bytes:
        return self._sealer(key_id).seal(secret, context)

    @override
    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        try:
            return self._sealer(key_id).open(wrapped, context)
        except NotAuthenticError:
            raise MemoryKeyWrongError(key_id=key_id) from None

    def _sealer(self, key_id: str) -> Sealer:
        sealer = self._sealers.get(key_id)
        if sealer is None:
            raise MemoryKeyMissingError(key_id=key_id)
        return sealer
