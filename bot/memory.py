"""Puts session memory together over a process's services."""

import base64
import binascii
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.settings import Settings
from core.clock import Clock, Ids
from core.errors import MemoryOffError
from core.events.base import JSON
from core.events.journal import Journal
from core.memory.envelope import new_key
from core.memory.keys.local import LocalKeys
from core.memory.keys.provider import KeyProvider
from core.memory.keys.ring import KeyRing
from core.memory.sealing import Sealing
from core.memory.service import Memory
from core.memory.store import MemoryStore
from core.store.database import Database

OWN_KEYS = "memory.keys"
FIRST = "k1"


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
    """
    if settings.memory_keys is not None:
        return LocalKeys(keys_in(settings.memory_keys.get_secret_value(), ","))
    if settings.memory_key_file is not None:
        return from_file(settings.memory_key_file)
    if settings.mongodb_url is None:
        path = settings.data_dir / OWN_KEYS
        make_keys(path)
        return from_file(path)
    return None


def from_file(path: Path) -> LocalKeys:
    """Return the keys of a file."""
    return LocalKeys(keys_in(path.read_text(), "\n"), name="file")


def keys_in(text: str, between: str) -> dict[str, bytes]:
    """Read `id:key` pairs; raises ValueError for what is none."""
    keys: dict[str, bytes] = {}
    for part in filter(None, map(str.strip, text.split(between))):
        key_id, _, encoded = part.partition(":")
        try:
            keys[key_id] = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"the key {key_id} is no Base64") from None
    return keys


def make_keys(path: Path) -> None:
    """Write a file with a new key, unless there is one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = f"{FIRST}:{base64.b64encode(new_key()).decode()}\n"
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(made, "w") as file:
        file.write(line)
