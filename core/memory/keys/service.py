"""Keys that a key service holds and never gives away: asked over the network."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from typing_extensions import override

from core.memory.keys.provider import KeyProvider

# Seconds until a service counts as away: a review must not wait longer for its memory.
PATIENCE = 5


class Client(Protocol):
    """A service's own client, which waits for its answers; several threads use it.

    Both methods raise what a KeyProvider's do.
    """

    def wrap(self, key_id: str, secret: bytes, context: bytes) -> bytes:
        """Return the secret, wrapped."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret."""
        ...


class ServiceKeys(KeyProvider):
    """Keys by the names that the service itself gives them.

    `names` are the first ones; another is used as soon as it is named. `connect` makes
    the client at its first use, in a thread: it may look for credentials.
    """

    def __init__(
        self, name: str, names: Sequence[str], connect: Callable[[], Client]
    ) -> None:
        self._name = name
        self._names = tuple(names)
        self._connect = connect
        self._connecting = asyncio.Lock()
        self._made: Client | None = None

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def ids(self) -> Sequence[str]:
        return self._names

    @override
    async def check(self, key_id: str) -> bytes | None:
        return None

    @override
    async def wrap(self, key_id: str, secret: bytes, context: bytes) -> bytes:
        client = await self._client()
        return await asyncio.to_thread(client.wrap, key_id, secret, context)

    @override
    async def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        client = await self._client()
        return await asyncio.to_thread(client.unwrap, key_id, wrapped, context)

    async def _client(self) -> Client:
        async with self._connecting:
            if self._made is None:
                self._made = await asyncio.to_thread(self._connect)
            return self._made
