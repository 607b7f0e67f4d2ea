"""Everything that session memory asks of the database, once."""

from dataclasses import replace

from core.clock import Clock
from core.memory.contents import Contents
from core.memory.keys.rotation import Rotation
from core.memory.keys.signing import Signing
from core.memory.model import Kind, Scope
from core.memory.pages import of_kinds
from core.memory.redaction_rules import MessageTarget, PatternTarget
from core.memory.redaction_store import RedactionStore
from core.memory.workspace import Workspaces
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import Remembering, message, remembering

WORDS = "what is to go from everywhere"
HERE = Scope(kind="pull", repository="octo/used", pull=3)


async def memory_is_used(database: Database, clock: FakeClock) -> None:
    """Keep a tree of files, take a text out of it all, rotate the keys."""
    here = await remembering(database, clock)
    session = await here.memory.of(HERE)
    await here.memory.of(Scope(kind="repository", repository="octo/used"))
    await here.memory.append(session.id, [message(WORDS), message("well")])
    for _ in range(2):
        await here.memory.append(session.id, [replace(message("so"), once="once")])
    workspaces = Workspaces(here.memory, Contents(database))
    for content in (b"one", WORDS.encode()):
        tree = {"a.py": content, "b.py": b"two"}
        kept = await workspaces.save(session.id, "cafe", tree)
        assert kept.blobs
    chosen = await of_kinds(here.memory, session.id, {Kind.SNAPSHOT}, newest=1)
    assert chosen.items
    named = await workspaces.named(session.id, {"a.py": b"two"})
    assert await workspaces.content(session.id, named["a.py"].blob) == b"two"
    await _something_goes(here, session.id, clock)
    await _keys_change(here, database, clock)
    await here.close()


async def _something_goes(here: Remembering, session_id: str, clock: FakeClock) -> None:
    pattern, redactions = PatternTarget(pattern="is to go from"), here.redactions
    done = await redactions.request(session_id, pattern, reason="x", actor="ada")
    assert await redactions.get(session_id, done.id) in await redactions.of(session_id)
    await redactions.forget(session_id, [2], actor="ada", reason="forgotten")
    store = RedactionStore(here.database)
    assert await store.oldest_pending() is None
    left = await redactions.request(
        session_id, MessageTarget(seqs=(1,)), reason="x", actor="ada", dry_run=True
    )
    left = replace(left, status="pending", due_at=clock.now())
    await store.add(left)
    held = await store.claim(left, clock.now(), 60)
    assert held is not None
    await store.withdraw(held)
    assert await redactions.take_up() == 0


async def _keys_change(here: Remembering, database: Database, clock: Clock) -> None:
    signing = Signing(database, here.ring, clock=clock)
    signer = await signing.signer()
    assert await signing.public(signer.key_id) == signer.public
    rotation = Rotation(
        database, here.ring, journal=here.journal, audit=here.audit, clock=clock
    )
    await rotation.add("k2", actor="ada")
    await rotation.promote("k2", actor="ada")
    await rotation.rewrap(actor="ada")
    assert await rotation.keys()
