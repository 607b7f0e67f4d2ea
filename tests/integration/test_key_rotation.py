"""Keys are rotated while sessions are read and written; all of it is answered for."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.errors import (
    MemoryKeyError,
    MemoryKeyRetiredError,
    MemoryKeyUsedError,
    MemoryKeyWishError,
)
from core.events import schema
from core.memory.keys.local import LocalKeys
from core.memory.keys.ring import CACHED, STREAM, KeyRing
from core.memory.keys.rotation import Rotation
from core.memory.keys.signing import Signing, verify
from core.memory.keys.state import SETTLED
from core.memory.model import Scope
from core.memory.schema import SESSIONS
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import KEYS, Remembering, message, remembering

MANY = 30


@pytest.fixture
async def here(database: Database, clock: FakeClock) -> AsyncIterator[Remembering]:
    """Give the memory of one process."""
    made = await remembering(database, clock)
    yield made
    await made.close()


def rotation_of(one: Remembering) -> Rotation:
    """Return what rotates for a process."""
    return Rotation(
        one.database, one.ring, journal=one.journal, audit=one.audit, clock=one.clock
    )


def pull(number: int) -> Scope:
    """Return what a session belongs to."""
    return Scope(kind="pull", repository="octo/hello", pull=number)


async def begun(here: Remembering, many: int) -> list[str]:
    """Begin sessions, each with something that was said."""
    sessions = [await here.memory.of(pull(number)) for number in range(1, many + 1)]
    for session in sessions:
        await here.memory.append(session.id, [message(f"in {session.id}")])
    await here.memory.sealing.flush()
    return [session.id for session in sessions]


async def promoted(rotation: Rotation) -> None:
    """Put the second key in the first one's place."""
    await rotation.add("k2", actor="cli:ada")
    await rotation.promote("k2", actor="cli:ada")


async def news(here: Remembering) -> list[tuple[str, str, int]]:
    """Return what was told of keys."""
    commits = await here.journal.read(STREAM)
    found = [event for commit in commits for event in commit.events]
    return [
        (one.change, one.key_id, one.rewrapped)
        for one in found
        if isinstance(one, schema.MemoryKeyChanged)
    ]


async def test_a_whole_rotation_changes_every_key_and_loses_nothing(
    here: Remembering, clock: FakeClock
) -> None:
    """Afterwards the old key is gone, and a process without it reads everything."""
    rotation = rotation_of(here)
    sessions = await begun(here, MANY)
    signer = await Signing(here.database, here.ring, clock=clock).signer()

    await promoted(rotation)
    done = await rotation.rewrap(actor="cli:ada")
    assert (done.active, done.moved, done.left, done.broken) == ("k2", MANY + 1, 0, ())
    await clock.advance(SETTLED.total_seconds())
    assert await rotation.retire("k1", actor="cli:ada", reason="yearly") == 0

    there = await remembering(here.database, clock)
    for one in sessions:
        (item,) = await there.memory.read(one)
        assert item.content == {"text": f"in {one}"}
        assert (await here.memory.append(one, [message("more")]))[0].seq == 2
    again = await Signing(here.database, there.ring, clock=clock).signer()
    assert again.public == signer.public
    assert await news(here) == [
        ("added", "k1", 0),
        ("promoted", "k1", 0),
        ("added", "k2", 0),
        ("promoted", "k2", 0),
        ("rewrapped", "k2", MANY + 1),
        ("retired", "k1", 0),
    ]
    entries = [commit.events[0] for commit in await here.audit.volume(1)]
    assert [one.action for one in entries if isinstance(one, schema.AuditRecorded)] == [
        f"memory_key.{change}" for change, _, _ in await news(here)
    ]
    await there.close()


async def test_several_rewrap_at_once_while_others_write_and_end(
    here: Remembering, clock: FakeClock
) -> None:
    """Each session's key is moved once, and no change to a session is lost."""
    sessions = await begun(here, MANY)
    there = await remembering(here.database, clock)
    await promoted(rotation_of(here))

    async def write() -> None:
        for one in sessions[:-1]:
            await there.memory.append(one, [message("meanwhile")])

    async def end(one: str) -> None:
        session = await there.store.get(one)
        assert session is not None
        ended = {"state": "ended", "shredded": {"by": "ada"}}
        while not await there.store.change(session, ended, unset=["key"]):
            session = await there.store.get(one)
            assert session is not None

    first, second, *_ = await asyncio.gather(
        rotation_of(here).rewrap(actor="a"),
        rotation_of(there).rewrap(actor="b"),
        write(),
        end(sessions[-1]),
    )
    await there.memory.sealing.flush()

    assert MANY - 1 <= first.moved + second.moved <= MANY
    for one in sessions[:-1]:
        stored = await there.store.get(one)
        assert stored is not None
        assert stored.key is not None
        assert (stored.key.kek, stored.key.revision) == ("k2", 2)
        assert len(await here.memory.read(one)) == 2
    ended = await there.store.get(sessions[-1])
    assert ended is not None
    assert ended.key is None
    await there.close()


async def test_a_rewrapping_goes_on_where_it_was_left(here: Remembering) -> None:
    """By as many as are wanted at a time."""
    await begun(here, 5)
    rotation = rotation_of(here)
    await promoted(rotation)

    done = [await rotation.rewrap(actor="a", most=2) for _ in range(4)]

    assert [(one.moved, one.left) for one in done] == [(2, 3), (2, 1), (1, 0), (0, 0)]


async def test_a_key_that_is_needed_is_not_retired_unless_that_is_wanted(
    here: Remembering, clock: FakeClock
) -> None:
    """Who wants it is told how many sessions it costs, and so is the audit."""
    sessions = await begun(here, 3)
    there = await remembering(here.database, clock)
    await there.memory.read(sessions[0])
    rotation = rotation_of(here)
    await promoted(rotation)
    await clock.advance(SETTLED.total_seconds())
    with pytest.raises(MemoryKeyUsedError, match="3 are under it"):
        await rotation.retire("k1", actor="cli:ada")

    assert await rotation.retire("k1", actor="cli:ada", reason="lost", force=True) == 3

    await clock.advance(CACHED)
    for one in (here, there):
        with pytest.raises(MemoryKeyRetiredError, match="k1"):
            await one.memory.read(sessions[0])
        with pytest.raises(MemoryKeyRetiredError, match="k1"):
            await one.memory.append(sessions[0], [message("more")])
    last = (await here.audit.volume(1))[-1].events[0]
    assert isinstance(last, schema.AuditRecorded)
    assert (last.action, last.reason) == ("memory_key.retired", "lost")
    assert last.facts["lost"] == 3
    await there.close()


async def test_a_key_that_is_lost_stops_no_other_rotation(
    here: Remembering, clock: FakeClock
) -> None:
    """What was under it is lost until it expires; the rest moves on."""
    lost = await begun(here, 2)
    rotation = rotation_of(here)
    await promoted(rotation)
    await clock.advance(SETTLED.total_seconds())
    await rotation.retire("k1", actor="cli:ada", reason="lost", force=True)
    await clock.advance(CACHED)
    later = await here.memory.of(pull(99))
    left = {"k2": KEYS["k2"], "k3": b"3" * 32}
    there = await remembering(here.database, clock, provider=LocalKeys(left))
    rotation = rotation_of(there)
    await rotation.add("k3", actor="cli:ada")
    await rotation.promote("k3", actor="cli:ada")

    done = await rotation.rewrap(actor="cli:ada")

    assert (done.moved, done.left) == (1, 2)
    assert done.broken == tuple(f"sessions/{one}" for one in sorted(lost))
    moved = await there.store.get(later.id)
    assert moved is not None
    assert moved.key is not None
    assert moved.key.kek == "k3"
    await there.close()


async def test_a_key_that_still_signs_is_needed_too(
    here: Remembering, clock: FakeClock
) -> None:
    """Without sessions there is still what signs tombstones."""
    await Signing(here.database, here.ring, clock=clock).signer()
    rotation = rotation_of(here)
    await promoted(rotation)
    await clock.advance(SETTLED.total_seconds())
    with pytest.raises(MemoryKeyUsedError, match="1 are under it"):
        await rotation.retire("k1", actor="cli:ada")


async def test_who_signs_next_has_a_new_key_when_the_old_one_was_lost(
    here: Remembering, clock: FakeClock
) -> None:
    """What the lost one signed can still be verified."""
    first = await Signing(here.database, here.ring, clock=clock).signer()
    rotation = rotation_of(here)
    await promoted(rotation)
    await clock.advance(SETTLED.total_seconds())
    await rotation.retire("k1", actor="cli:ada", reason="lost", force=True)

    signing = Signing(here.database, here.ring, clock=clock)
    second = await signing.signer()

    assert (first.key_id, second.key_id) == ("sign_1", "sign_2")
    public = await signing.public("sign_1")
    assert public is not None
    assert verify(public, first.sign(b"a tombstone"), b"a tombstone")


async def test_what_does_not_open_is_named_and_left(here: Remembering) -> None:
    """It stops nobody else's key from moving, and its old key from being retired."""
    sessions = await begun(here, 3)
    await here.database.db[SESSIONS].update_one(
        {"_id": sessions[1]}, {"$set": {"key.data": b"x" * 60}}
    )
    rotation = rotation_of(here)
    await promoted(rotation)

    done = await rotation.rewrap(actor="cli:ada")

    assert (done.moved, done.left) == (2, 1)
    assert done.broken == (f"sessions/{sessions[1]}",)


async def test_keys_are_listed_with_what_is_under_them(
    here: Remembering, clock: FakeClock
) -> None:
    """A process that lacks one says so, and lists them all the same."""
    await begun(here, 2)
    rotation = rotation_of(here)
    await promoted(rotation)
    await rotation.rewrap(actor="cli:ada", most=1)

    found = [
        (one.key.id, one.state, dict(one.under), one.trouble)
        for one in await rotation.keys()
    ]

    assert found == [
        ("k1", "added", {"sessions": 1}, ""),
        ("k2", "active", {"sessions": 1}, ""),
    ]
    provider = LocalKeys({"k1": KEYS["k1"]})
    ring = KeyRing(here.database, provider, clock=clock)
    there = await remembering(here.database, clock, ring=ring)
    first, second = await rotation_of(there).keys()
    assert first.trouble == ""
    assert second.trouble == "The memory key k2 is not among the keys of this process."
    await there.close()


async def test_what_died_untold_is_told_once_by_the_next(here: Remembering) -> None:
    """The ring remembers the duty; two who fulfil it tell the journal once."""
    await here.ring.add("k2", actor="cli:ada")
    rotation = rotation_of(here)
    await asyncio.gather(rotation.tell(), rotation.tell())
    await rotation.tell()

    assert await news(here) == [
        ("added", "k1", 0),
        ("promoted", "k1", 0),
        ("added", "k2", 0),
    ]
    assert (await here.ring.ring()).untold == ()


async def test_promoting_what_was_not_added_is_refused(here: Remembering) -> None:
    """Not every process has it."""
    with pytest.raises(MemoryKeyWishError, match="not added"):
        await rotation_of(here).promote("k2", actor="cli:ada")
    with pytest.raises(MemoryKeyError, match="k9"):
        await rotation_of(here).add("k9", actor="cli:ada")


async def test_a_first_start_is_told_by_the_process_that_made_it(
    database: Database, clock: FakeClock
) -> None:
    """Nobody has to be at the keyboard for it."""
    ring = KeyRing(database, LocalKeys(KEYS), clock=clock)
    fresh = await remembering(database, clock, ring=ring)
    rotation_of(fresh)
    await fresh.memory.of(pull(1))

    assert await news(fresh) == [("added", "k1", 0), ("promoted", "k1", 0)]
    assert (await ring.ring()).untold == ()
    await fresh.close()
