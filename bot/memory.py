"""Puts session memory together over a process's services."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.memory_keys import KeyParts, keys_on, provider_of
from bot.notifying import HttpNotifier
from bot.settings import Settings
from core.audit.service import Audit
from core.clock import Clock, Ids
from core.errors import MemoryOffError
from core.events.base import JSON
from core.events.journal import Journal
from core.memory.alerts import Notifier
from core.memory.contents import Contents
from core.memory.mortality import Mortality
from core.memory.policy import Policy
from core.memory.redaction import Redactions
from core.memory.redaction_store import RedactionStore
from core.memory.sealing import Sealing
from core.memory.service import Memory
from core.memory.store import MemoryStore
from core.memory.sweeper import MemorySweeper, mortality_on
from core.memory.workspace import Workspaces
from core.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryParts:
    """What remembers; `kept` and `redacting` are None where no key is configured."""

    kept: Memory | None
    store: MemoryStore
    backup_days: int
    mortality: Mortality | None = None
    sweeper: MemorySweeper | None = None
    keys: KeyParts | None = None
    redacting: Redactions | None = None

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

    def keyring(self) -> KeyParts:
        """Return the keys of session memory; raises MemoryOffError when it is off."""
        if self.keys is None:
            raise MemoryOffError
        return self.keys

    def redactions(self) -> Redactions:
        """Return what takes things out again; raises MemoryOffError."""
        if self.redacting is None:
            raise MemoryOffError
        return self.redacting

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
    keys = keys_on(database, provider, journal=journal, audit=audit, clock=clock)
    kept = Memory(
        store,
        keys.ring,
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
    redacting = Redactions(
        kept,
        RedactionStore(database),
        audit,
        clock=clock,
        ids=ids,
        backup_days=days,
        contents=Workspaces(kept, Contents(database)),
    )
    return MemoryParts(
        kept=kept,
        store=store,
        backup_days=days,
        mortality=mortality,
        sweeper=sweeper,
        keys=keys,
        redacting=redacting,
    )


def policy_of(settings: Settings) -> Policy:
    """Return how long what is remembered lives."""
    return Policy(
        days=settings.memory_days,
        kind_days=dict(settings.memory_kind_days),
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
