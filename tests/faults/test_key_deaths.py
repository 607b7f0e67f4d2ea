"""A process dies at any write of a rotation: every session opens, one key is active."""

from collections import Counter
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

import pytest

from bot.schema import SCHEMA
from core.events import schema
from core.memory.keys.local import LocalKeys
from core.memory.keys.ring import STREAM
from core.memory.keys.signing import Signing, verify
from core.memory.keys.store import RingStore
from core.memory.schema import ITEMS, SESSIONS
from core.store.database import Database
from core.store.migrate import migrate
from tests.fakes.memory import KEYS, Remembering, remembering
from tests.faults import key_stories
from tests.faults.deaths import Cradle, Death, Said, Story, cradle, deaths

USED = ("memory_keys", "signing_keys", SESSIONS, ITEMS, "journal", "writers")
K2 = LocalKeys({"k2": KEYS["k2"]})
# More than a story has; a test that meets them all was no story that ends.
MOST = 200
# `make soak` tries every point.
SAMPLES = [17, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]


class Ground:
    """A database on which processes live and die, one after the other."""

    def __init__(self, database: Database, folder: Path, cradle: Cradle) -> None:
        self.database = database
        self._folder = folder
        self._cradle = cradle

    async def empty(self) -> None:
        """Take away what the last one left."""
        for name in USED:
            await self.database.db[name].delete_many({})

    def said(self, death: Death) -> Said:
        """Return where a process writes down what it says."""
        return Said(self._folder / f"{death.when}-{death.write}")

    async def dies(self, story: Story, death: Death) -> bool:
        """Let a process live through a story; False when it came to its end."""
        name = self.database.db.name
        return await self._cradle.dies(story, name, self.said(death), death)


@pytest.fixture
async def ground(
    database: Database, mongodb_url: str, tmp_path: Path
) -> AsyncIterator[Ground]:
    """Give an empty ground."""
    await migrate(database, SCHEMA)
    async with cradle(mongodb_url, key_stories.__name__) as born:
        yield Ground(database, tmp_path, born)


async def said_in(here: Remembering) -> dict[int, list[object]]:
    """Return by pull request what can be read of it."""
    found: dict[int, list[object]] = {}
    for number in key_stories.PULLS:
        for session in await here.store.of_scope(key_stories.pull(number).key):
            items = await here.memory.read(session.id)
            found[number] = [one.content for one in items]
    return found


WHOLE = {number: [{"text": f"in {number}"}] for number in key_stories.PULLS}


async def told(here: Remembering) -> Counter[tuple[str, str]]:
    """Return how often each change of the ring was told, without the re-wrappings."""
    commits = await here.journal.read(STREAM)
    events = [event for commit in commits for event in commit.events]
    return Counter(
        (one.change, one.key_id)
        for one in events
        if isinstance(one, schema.MemoryKeyChanged) and one.change != "rewrapped"
    )


async def audited(here: Remembering) -> set[tuple[str, str]]:
    """Return which changes are in the audit."""
    events = [commit.events[0] for commit in await here.audit.volume(1)]
    return {
        (one.action.partition(".")[2], one.subject.rpartition("/")[2])
        for one in events
        if isinstance(one, schema.AuditRecorded)
    }


@pytest.mark.parametrize("step", SAMPLES)
async def test_a_death_while_keys_are_rotated_loses_nothing(
    ground: Ground, step: int
) -> None:
    """At once everything can be read; and whoever goes on comes to the end."""
    met = 0
    for death in islice(deaths(), 0, MOST, step):
        await ground.empty()
        await key_stories.begin(ground.database, ground.said(death))
        died = await ground.dies(key_stories.rotate, death)
        ring = await RingStore(ground.database).get()
        assert ring is not None
        assert ring.active in {"k1", "k2"}, death
        there = await remembering(ground.database, key_stories.CLOCK)
        assert await said_in(there) == WHOLE, death
        signer = await Signing(
            ground.database, there.ring, clock=key_stories.CLOCK
        ).signer()
        await there.close()

        await key_stories.rotate(ground.database, ground.said(death))

        after = await remembering(ground.database, key_stories.CLOCK, provider=K2)
        assert await said_in(after) == WHOLE, death
        again = Signing(ground.database, after.ring, clock=key_stories.CLOCK)
        signature = (await again.signer()).sign(b"a tombstone")
        assert verify(signer.public, signature, b"a tombstone")
        changes = {("added", "k1"), ("promoted", "k1"), ("added", "k2")}
        changes |= {("promoted", "k2"), ("retired", "k1")}
        assert await told(after) == dict.fromkeys(changes, 1), death
        assert await audited(after) >= changes, death
        await after.close()
        if not died:
            break
        met = death.write
    else:
        pytest.fail("the story did not come to an end")
    assert met >= 15


@pytest.mark.parametrize("step", SAMPLES)
async def test_a_death_at_the_first_start_leaves_one_key_or_nothing(
    ground: Ground, step: int
) -> None:
    """Whoever starts next goes on with what is there."""
    met = 0
    for death in islice(deaths(), 0, MOST, step):
        await ground.empty()
        if not await ground.dies(key_stories.begin, death):
            break
        met = death.write
        there = await remembering(ground.database, key_stories.CLOCK)
        found = await said_in(there)
        assert all(found[one] in ([], WHOLE[one]) for one in found), death
        for number, items in found.items():
            session = await there.memory.of(key_stories.pull(number))
            assert session.key is not None
            assert session.key.kek == "k1"
            assert len(items) <= 1
        await there.close()
    else:
        pytest.fail("the story did not come to an end")
    assert met >= 10
