"""Puts session memory together over a process's services."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.settings import Settings
from core.clock import Clock, Ids
from core.errors import MemoryOffError
from core.events.base import JSON
from core.events.journal import Journal
from core.memory.keys.local import LocalKeys
from core.memory.keys.provider import KeyProvider
from core.memory.keys.ring import KeyRing
from core.memory.keys.written import keys_in, make_keys, read_keys
from core.memory.sealing import Sealing
from core.memory.service import Memory
from core.memory.store import MemoryStore
from core.store.database import Database

OWN_KEYS = "memory.keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryParts:
    """What remembers; `kept` is None where no key is configured."""

    kept: Memory | None
    store: MemoryStore
    backup_days: int

    def opened(self) -> Memory:
        """Return session memory; raises MemoryOffError when it is off."""
        if self.kept is None:
            raise MemoryOffError
        return self.kept

    async def close(self) -> None:
        """Seal in what was appended last."""
        if self.kept is not None:
            await self.kept.close()


def memory_on(
    database: Database,
    settings: Settings,
    *,
    journal: Journal,
    clock: Clock,
    ids: Ids,
    mask: Callable[[JSON], JSON],
) -> MemoryParts:
    """Return session memory over a database, with the keys that the settings name."""
    store = MemoryStore(database)
    provider = provider_of(settings)
    kept = None
    if provider is not None:
        kept = Memory(
            store,
            KeyRing(database, provider, clock=clock),
            Sealing(store, journal, clock=clock),
            clock=clock,
            ids=ids,
            mask=mask,
            days=settings.memory_days,
        )
    return MemoryParts(kept=kept, store=store, backup_days=settings.memory_backup_days)


def provider_of(settings: Settings) -> KeyProvider | None:
    """Return where the keys are; None when nothing says so.

    Beside the embedded database lies a key of its own, made when it is first needed.
    Raises MemoryKeysUnusableError.
    """
    if settings.memory_keys is not None:
        written = settings.memory_keys.get_secret_value()
        return LocalKeys(keys_in(written, between=",", where="NOFX_MEMORY_KEYS"))
    if settings.memory_key_file is not None:
        return from_file(settings.memory_key_file)
    if settings.mongodb_url is None:
        path = settings.data_dir / OWN_KEYS
        make_keys(path)
        return from_file(path)
    return None


def from_file(path: Path) -> LocalKeys:
    """Return the keys of a file, which is read again when one is missed."""
    read = partial(read_keys, path)
    return LocalKeys(read(), name="file", read=read)
