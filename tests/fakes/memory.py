"""Session memory over a test's database, with keys that tests know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.audit.service import Audit
from core.clock import Clock, Ids
from core.events.bus import Bus
from core.events.journal import Journal
from core.memory.alerts import Notifier
from core.memory.contents import Contents
from core.memory.keys.local import LocalKeys
from core.memory.keys.provider import KeyProvider
from core.memory.keys.ring import KeyRing
from core.memory.model import JSON, Draft, Kind, Role, Scope, Source
from core.memory.mortality import Mortality
from core.memory.policy import Policy
from core.memory.redaction import Redactions
from core.memory.redaction_store import RedactionStore
from core.memory.sealing import Sealing
from core.memory.service import Memory
from core.memory.store import MemoryStore
from core.memory.sweeper import MemorySweeper, mortality_on
from core.memory.workspace import Workspaces
from core.redaction.places import Derived
from core.store.database import Database

KEYS: Mapping[str, bytes] = {"k1": b"1" * 32, "k2": b"2" * 32}
# The database purges by the machine's clock, which tests do not move.
UNPURGED = timedelta(days=36_500)
LASTING = Policy(slack=UNPURGED, tombstone=UNPURGED)
PULL = Scope(kind="pull", repository="octo/hello", pull=7)


@dataclass(frozen=True, kw_only=True)
class Remembering:
    """One process's memory, and what it stands on."""

    database: Database
    journal: Journal
    audit: Audit
    ring: KeyRing
    store: MemoryStore
    memory: Memory
    mortality: Mortality
    sweeper: MemorySweeper
    redactions: Redactions
    clock: Clock

    async def close(self) -> None:
        """End as a process ends that was asked to."""
        await self.memory.close()
        await self.journal.close()


async def remembering(  # noqa: PLR0913  # one argument a part
    database: Database,
    clock: Clock,
    *,
    provider: KeyProvider | None = None,
    ring: KeyRing | None = None,
    mask: Callable[[JSON], JSON] = lambda content: content,
    policy: Policy = LASTING,
    notifier: Notifier | None = None,
    places: Sequence[Derived] = (),
    journal: Journal | None = None,
) -> Remembering:
    """Put a process's memory together over a migrated database.

    A `ring` that is given is not opened yet.
    """
    ids = Ids(clock)
    journal = journal or Journal(database, clock=clock, ids=ids, bus=Bus())
    if ring is None:
        ring = KeyRing(database, provider or LocalKeys(KEYS), clock=clock)
        await ring.open()
    store = MemoryStore(database)
    sealing = Sealing(store, journal, clock=clock, policy=policy)
    memory = Memory(
        store, ring, sealing, clock=clock, ids=ids, mask=mask, policy=policy
    )
    audit = Audit(journal, clock=clock)
    redactions = Redactions(
        memory,
        RedactionStore(database),
        audit,
        clock=clock,
        ids=ids,
        backup_days=30,
        contents=Workspaces(memory, Contents(database)),
    )

    async def known() -> Sequence[Derived]:
        return places

    redactions.reach(known)
    mortality, sweeper = mortality_on(
        database,
        memory,
        audit=audit,
        clock=clock,
        ids=ids,
        policy=policy,
        notifier=notifier,
    )
    return Remembering(
        database=database,
        journal=journal,
        audit=audit,
        ring=ring,
        store=store,
        memory=memory,
        mortality=mortality,
        sweeper=sweeper,
        redactions=redactions,
        clock=clock,
    )


def message(text: str, *, author: str = "ada") -> Draft:
    """Return what a person says in a comment."""
    return Draft(
        kind=Kind.MESSAGE,
        content={"text": text},
        role=Role.USER,
        source=Source.COMMENT,
        author=author,
    )
