"""The keyring over a real database: proved, promoted, retired, never without a key."""

import asyncio

import pytest

from core.errors import (
    MemoryKeyError,
    MemoryKeyMissingError,
    MemoryKeyRetiredError,
    MemoryKeyWishError,
    MemoryKeyWrongError,
    MemoryRingMissingError,
    MemoryWrapBrokenError,
    UnavailableError,
)
from core.memory.keys.local import LocalKeys
from core.memory.keys.ring import CACHED, KeyRing
from core.memory.keys.signing import Signing, verify
from core.memory.keys.state import SETTLED
from core.memory.keys.store import COLLECTION
from core.memory.model import Scope, WrappedKey
from core.store.database import Database, Document
from tests.fakes.clock import FakeClock
from tests.fakes.memory import KEYS, PULL, message, remembering

K1 = {"k1": KEYS["k1"]}
OTHER = Scope(kind="pull", repository="octo/hello", pull=8)
SECRET, HERE = b"a session's key", b"for this session"


@pytest.fixture
async def ring(database: Database, clock: FakeClock) -> KeyRing:
    """Give the ring of a process that has both keys; the first is active."""
    made = ring_of(database, clock)
    await made.open()
    return made


def ring_of(
    database: Database, clock: FakeClock, keys: dict[str, bytes] | None = None
) -> KeyRing:
    """Return the ring of one more process."""
    return KeyRing(database, LocalKeys(keys or KEYS), clock=clock)


async def stored(database: Database) -> dict[str, list[Document]]:
    """Return every document of the database."""
    names = await database.db.list_collection_names()
    return {name: await database.db[name].find({}).to_list(None) for name in names}


async def test_processes_that_start_at_once_agree_on_the_first_key(
    database: Database, clock: FakeClock
) -> None:
    """Whoever is first decides; the others prove that key, though they list another."""
    other_order = dict(reversed(list(KEYS.items())))
    rings = [ring_of(database, clock, keys) for keys in (dict(KEYS), other_order) * 3]

    active = await asyncio.gather(*(ring.open() for ring in rings))

    assert len(set(active)) == 1
    assert len(await database.db[COLLECTION].find({}).to_list(None)) == 1


async def test_another_process_goes_by_a_promoted_key_a_moment_later(
    ring: KeyRing, database: Database, clock: FakeClock
) -> None:
    """And opens at once what it has not yet heard of."""
    there = ring_of(database, clock)
    assert (await there.wrap(SECRET, HERE)).kek == "k1"
    await ring.add("k2")
    await ring.promote("k2")

    wrapped = await ring.wrap(SECRET, HERE)
    assert wrapped.kek == "k2"
    assert await there.unwrap(wrapped, HERE) == SECRET
    await clock.advance(CACHED)
    assert (await there.wrap(SECRET, HERE)).kek == "k2"


@pytest.mark.parametrize(
    ("keys", "error", "named"),
    [
        ({"k1": b"x" * 32}, MemoryKeyWrongError, "k1"),
        ({"k2": KEYS["k2"]}, MemoryKeyMissingError, "k1"),
        ({"k1": KEYS["k2"], "k2": KEYS["k1"]}, MemoryKeyWrongError, "k1"),
        ({**K1, "k2": b"x" * 32}, MemoryKeyWrongError, "k2"),
    ],
    ids=["wrong", "missing", "swapped", "one wrong beside the active one"],
)
async def test_a_wrong_or_missing_key_is_named_and_nothing_is_written_anywhere(
    ring: KeyRing,
    database: Database,
    clock: FakeClock,
    keys: dict[str, bytes],
    error: type[MemoryKeyError],
    named: str,
) -> None:
    """Not by any way in: reading, appending, opening, rotating, signing."""
    await ring.add("k2")
    mine = await remembering(database, clock)
    session = await mine.memory.of(PULL)
    await mine.memory.append(session.id, [message("kept")])
    await mine.close()
    before = await stored(database)
    wrong = ring_of(database, clock, keys)
    there = await remembering(database, clock, ring=wrong)

    for attempt in (
        lambda: there.memory.read(session.id),
        lambda: there.memory.append(session.id, [message("lost")]),
        lambda: there.memory.of(OTHER),
        lambda: wrong.add("k3"),
        lambda: wrong.promote("k2"),
        lambda: wrong.retire("k2"),
        lambda: wrong.wrap(SECRET, HERE),
        lambda: Signing(database, wrong, clock=clock).signer(),
    ):
        with pytest.raises(error) as caught:
            await attempt()
        assert caught.value.facts["key_id"] == named
        assert isinstance(caught.value, UnavailableError)
    await there.close()

    assert await stored(database) == before


async def test_a_key_that_nobody_ever_added_is_named(ring: KeyRing) -> None:
    """It is not looked for among the others."""
    with pytest.raises(MemoryKeyMissingError, match="k9"):
        await ring.unwrap(WrappedKey(kek="k9", data=b"x" * 64), HERE)
    with pytest.raises(MemoryKeyMissingError, match="k9"):
        await ring.add("k9")


async def test_a_retired_key_opens_nothing_and_does_not_come_back(
    ring: KeyRing, clock: FakeClock
) -> None:
    """Its name is used up as well."""
    wrapped = await ring.wrap(SECRET, HERE)
    await ring.add("k2")
    await ring.promote("k2")
    await clock.advance(SETTLED.total_seconds())
    await ring.retire("k1")

    with pytest.raises(MemoryKeyRetiredError, match="k1"):
        await ring.unwrap(wrapped, HERE)
    for wish in (ring.add, ring.promote):
        with pytest.raises(MemoryKeyWishError, match="retired"):
            await wish("k1")


async def test_an_active_key_and_one_that_just_was_are_not_retired(
    ring: KeyRing,
) -> None:
    """Some process may have wrapped with it, and not have stored it yet."""
    with pytest.raises(MemoryKeyWishError, match="promote another"):
        await ring.retire("k1")
    await ring.add("k2")
    await ring.promote("k2")
    with pytest.raises(MemoryKeyWishError, match="30 seconds"):
        await ring.retire("k1")
    with pytest.raises(MemoryKeyWishError, match="not added"):
        await ring.retire("k9")


async def test_what_was_wrapped_opens_for_its_own_session_only(ring: KeyRing) -> None:
    """A changed byte is no wrong key: the key was proved."""
    wrapped = await ring.wrap(SECRET, HERE)
    changed = wrapped.data[:-1] + bytes([wrapped.data[-1] ^ 1])

    for data, context in ((wrapped.data, b"for another"), (changed, HERE)):
        with pytest.raises(MemoryWrapBrokenError, match="k1"):
            await ring.unwrap(WrappedKey(kek="k1", data=data), context)


@pytest.mark.usefixtures("ring")
async def test_without_a_ring_nothing_new_is_begun_over_old_sessions(
    database: Database, clock: FakeClock
) -> None:
    """A restore that left the ring out would otherwise split the memory in two."""
    mine = await remembering(database, clock)
    await mine.memory.of(PULL)
    await mine.close()
    await database.db[COLLECTION].delete_many({})

    with pytest.raises(MemoryRingMissingError, match="k1"):
        await ring_of(database, clock).wrap(SECRET, HERE)
    assert await database.db[COLLECTION].find({}).to_list(None) == []


@pytest.mark.usefixtures("ring")
async def test_one_key_signs_for_all_processes(
    database: Database, clock: FakeClock
) -> None:
    """Its public half is for everybody, and verifies nothing else."""
    signings = [Signing(database, ring_of(database, clock), clock=clock) for _ in "123"]
    signers = await asyncio.gather(*(one.signer() for one in signings))

    assert len({(one.key_id, one.public) for one in signers}) == 1
    signature = signers[0].sign(b"a tombstone")
    public = await signings[1].public(signers[0].key_id)
    assert public is not None
    assert verify(public, signature, b"a tombstone")
    assert not verify(public, signature, b"another one")
    assert not verify(public[::-1], signature, b"a tombstone")
    assert not verify(public, signature[:-1], b"a tombstone")
    assert await signings[1].public("sign_9") is None


async def test_a_public_half_that_was_put_in_is_refused(
    ring: KeyRing, database: Database, clock: FakeClock
) -> None:
    """Nobody signs under a name whose public half belongs to somebody else."""
    await Signing(database, ring, clock=clock).signer()
    await database.db["signing_keys"].update_one(
        {"_id": "sign_1"}, {"$set": {"public": b"p" * 32}}
    )

    with pytest.raises(MemoryWrapBrokenError):
        await Signing(database, ring, clock=clock).signer()
