"""Puts session memory together over a process's services."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot.notifying import HttpNotifier
from bot.settings import Settings
from core.audit.service import Audit
from core.clock import Clock, Ids
from core.errors import MemoryOffError
from core.events.base import JSON
from core.events.journal import Journal
from core.memory.alerts import Notifier
from core.memory.keys.local import LocalKeys
from core.memory.keys.provider import KeyProvider
from core.memory.keys.ring import KeyRing
from core.memory.keys.written import keys_in, make_keys, read_keys
from core.memory.mortality import Mortality
from core.memory.policy import Policy
from core.memory.sealing import Sealing
from core.memory.service import Memory
from core.memory.store import MemoryStore
from core.memory.sweeper import MemorySweeper, mortality_on
from core.store.database import Database

OWN_KEYS = "memory.keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryParts:
    """What remembers; `kept` is None where no key is configured."""

    kept: Memory | None
    store: MemoryStore
    backup_days: int
    mortality: Mortality | None = None
    sweeper: MemorySweeper | None = None

    def opened(self) -> Memory:
        """Return session memory; raises MemoryOffError when it is off."""
        if self.kept is None:
            raise MemoryOffError
        return self.kept

    def mortal(self) -> Mortality:
        """Return what ends sessions, and keeps them; raises MemoryOffError."""
        if self.mortality is None:
            raise MemoryOffError
        return self.mortality

    async def close(self) -> None:
        """Seal in what was appended last."""
        if self.kept is not None:
            await self.kept.close()


def memory_on(
    database: Database,
    settings: Settings,
    *,
    journal: Journal,
    audit: Audit,
    clock: Clock,
    ids: Ids,
    mask: Callable[[JSON], JSON],
) -> MemoryParts:
    """Return session memory over a database, with the keys that the settings name."""
    store = MemoryStore(database)
    provider = provider_of(settings)
    days = settings.memory_backup_days
    if provider is None:
        return MemoryParts(kept=None, store=store, backup_days=days)
    policy = policy_of(settings)
    kept = Memory(
        store,
        KeyRing(database, provider, clock=clock),
        Sealing(store, journal, clock=clock, policy=policy),
        clock=clock,
        ids=ids,
        mask=mask,
        policy=policy,
    )
    mortality, sweeper = mortality_on(
        database,
        kept,
        audit=audit,
        clock=clock,
        ids=ids,
        policy=policy,
        notifier=notifier_of(settings),
    )
    return MemoryParts(
        kept=kept, store=store, backup_days=days, mortality=mortality, sweeper=sweeper
    )


def policy_of(settings: Settings) -> Policy:
    """Return how long what is remembered lives."""
    return Policy(
        days=settings.memory_days,
        kind_days=settings.memory_kind_days,
        sliding=settings.memory_sliding,
        thresholds=settings.memory_alerts,
        grace=timedelta(days=settings.memory_grace_days),
        backups=timedelta(days=settings.memory_backup_days),
    )


def notifier_of(settings: Settings) -> Notifier | None:
    """Return what posts alerts; None when there is nowhere to post them."""
    if settings.notify_url is None:
        return None
    secret = settings.notify_secret
    return HttpNotifier(
        settings.notify_url.get_secret_value(),
        secret.get_secret_value() if secret is not None else None,
    )


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
