"""Keys that this process holds itself: from a file or the environment."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from typing_extensions import override

from core.errors import (
    MemoryKeyAwayError,
    MemoryKeyMissingError,
    MemoryKeysUnusableError,
    MemoryKeyWrongError,
)
from core.memory.envelope import NotAuthenticError, Sealer
from core.memory.keys.provider import KeyProvider


class LocalKeys(KeyProvider):
    """Keys of 32 bytes by their ids, in memory.

    With `read`, such as from a file, they are read again when an id is unknown: so a
    key that was added to the file is there without a restart. One that is held already
    stays as it is.
    """

    def __init__(
        self,
        keys: Mapping[str, bytes],
        *,
        name: str = "environment",
        read: Callable[[], Mapping[str, bytes]] | None = None,
    ) -> None:
        self._sealers = {key_id: Sealer(key) for key_id, key in keys.items()}
        self._name = name
        self._read = read

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def ids(self) -> Sequence[str]:
        await self._look_again()
        return tuple(self._sealers)

    @override
    async def check(self, key_id: str) -> bytes | None:
        return (await self._sealer(key_id)).mac(b"check", key_id.encode())

    @override
    async def wrap(self, key_id: str, secret: bytes, context: bytes) -> bytes:
        return (await self._sealer(key_id)).seal(secret, context)

    @override
    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        sealer = await self._sealer(key_id)
        try:
            return sealer.open(wrapped, context)
        except NotAuthenticError:
            raise MemoryKeyWrongError(key_id=key_id) from None

    async def _sealer(self, key_id: str) -> Sealer:
        if key_id not in self._sealers:
            try:
                await self._look_again()
            except MemoryKeysUnusableError as error:
                raise MemoryKeyAwayError(key_id=key_id, reason=str(error)) from error
        sealer = self._sealers.get(key_id)
        if sealer is None:
            raise MemoryKeyMissingError(key_id=key_id)
        return sealer

    async def _look_again(self) -> None:
        if self._read is not None:
            for key_id, key in (await asyncio.to_thread(self._read)).items():
                if key_id not in self._sealers:
                    self._sealers[key_id] = Sealer(key)
