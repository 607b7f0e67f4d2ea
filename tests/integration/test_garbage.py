"""What nothing names is swept away in its time; what may still be named never is."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.checkpoints.capture import Checkpoints
from core.clock import Ids
from core.errors import BlobNotFoundError
from core.events.base import JSON, Payload
from core.events.commit import Draft
from core.events.journal import Journal
from core.events.schema import CheckpointCaptured, CheckpointRedacted
from core.store.blobs import GRACE, Blobs, Digest, digest_of
from core.store.database import Database
from core.store.garbage import Sweep, Swept, collect
from tests.fakes.clock import FakeClock
from tests.fakes.noise import noise

LARGE = noise(100_000)
DAY = GRACE.total_seconds()


class Yard:
    """Blobs, and a journal that names some of them."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.blobs = Blobs(database, clock=clock)
        self.journal = Journal(database, clock=clock, ids=Ids(clock))
        self._seqs: Counter[str] = Counter()

    async def name(
        self, *events: Payload, stream: str = "x/1", state: JSON | None = None
    ) -> None:
        """Append one entry."""
        self._seqs[stream] += 1
        await self.journal.append(
            Draft(
                stream=stream,
                seq=self._seqs[stream],
                time=self.clock.now(),
                events=events,
                state=state,
            )
        )

    async def checkpoint(self, digest: str, **artifacts: str) -> None:
        """Append a checkpoint of this state."""
        await self.name(captured(digest, **artifacts))

    async def collect(self, *, dry_run: bool = False) -> Swept:
        """Sweep once."""
        return await collect(self.database, self.clock, dry_run=dry_run)

    async def left(self) -> set[str]:
        """Return the digests of all blobs."""
        return {one["_id"] async for one in self.database.db["blobs"].find({})}


def captured(digest: str, **artifacts: str) -> CheckpointCaptured:
    """Return a checkpoint of this state."""
    return CheckpointCaptured(
        checkpoint_id="cp_1",
        kind="after",
        step="review",
        digest=digest,
        artifacts=artifacts,
    )


@pytest.fixture
async def yard(database: Database, clock: FakeClock) -> AsyncIterator[Yard]:
    """Give a database with nothing in it."""
    yard = Yard(database, clock)
    yield yard
    await yard.journal.close()


async def test_what_nothing_names_goes_after_its_grace(yard: Yard) -> None:
    """It stays for a day, for whoever stored it may not have named it yet."""
    lost, large = await yard.blobs.put(b"lost"), await yard.blobs.put(LARGE)
    stored = len(await yard.left())
    yard.clock.jump(DAY)
    assert await yard.collect() == Swept(kept=stored, deleted=0, bytes=0)
    yard.clock.jump(1)
    would = await yard.collect(dry_run=True)
    assert {lost, large} <= await yard.left()
    swept = await yard.collect()
    assert (swept, swept.deleted, swept.kept) == (would, stored, 0)
    assert swept.bytes > len(LARGE)
    assert await yard.left() == set()


async def test_all_that_a_checkpoint_leads_to_stays(yard: Yard) -> None:
    """Its state, the state's files by name, their parts, and its artifacts."""
    blobs = yard.blobs
    files = await blobs.put_json({"a.py": await blobs.put(LARGE)})
    state = await blobs.put_json({"files_blob": files, "noise": LARGE.hex()})
    artifact = await blobs.put(b"artifact")
    await yard.checkpoint(state, report=artifact)
    kept = await yard.left()
    lost = await blobs.put(b"lost")
    yard.clock.jump(DAY + 1)
    assert (await yard.collect()).deleted == 1
    assert await yard.left() == kept
    with pytest.raises(BlobNotFoundError):
        await blobs.get(lost)
    assert await blobs.get(digest_of(LARGE)) == LARGE


async def test_a_state_in_the_journal_names_blobs_as_well(yard: Yard) -> None:
    """Small states have no blob of their own; what they name stays all the same."""
    diff = await yard.blobs.put(b"diff")
    state = {"at": [{"diff_blob": diff}]}
    await yard.name(captured(digest_of(b"?")), state=state)
    yard.clock.jump(DAY + 1)
    assert (await yard.collect()).deleted == 0


async def test_a_state_that_was_captured_large_keeps_what_it_names(yard: Yard) -> None:
    """The capture of a checkpoint says which blobs the state names."""
    checkpoints = Checkpoints(
        blobs=yard.blobs, ids=Ids(yard.clock), mask=lambda state: state
    )
    diff = await yard.blobs.put(b"diff")
    state = await checkpoints.capture({"diff_blob": diff, "text": "a" * 20_000})
    assert state.inline is None
    await yard.checkpoint(state.digest)
    yard.clock.jump(DAY + 1)
    assert (await yard.collect()).deleted == 0


async def test_bytes_stored_again_say_more_of_what_they_name(yard: Yard) -> None:
    """First stored as plain bytes, then as a value: what it names stays from then."""
    diff = await yard.blobs.put(b"diff")
    text = f'["{diff}"]'
    assert await yard.blobs.put(text.encode()) == await yard.blobs.put_json([diff])
    await yard.checkpoint(digest_of(text.encode()))
    yard.clock.jump(DAY + 1)
    assert (await yard.collect()).deleted == 0


async def test_a_redacted_state_is_named_by_nobody(yard: Yard) -> None:
    """The checkpoint still stands in the journal; its bytes go."""
    secret = await yard.blobs.put(b"secret")
    await yard.checkpoint(secret)
    redaction = CheckpointRedacted(
        checkpoint_id="cp_1", digest=secret, actor="ann", reason="a key was in it"
    )
    await yard.name(redaction)
    yard.clock.jump(DAY + 1)
    assert (await yard.collect()).deleted == 1


async def test_what_one_run_redacts_another_keeps(yard: Yard) -> None:
    """A branch has its parent's state until the branch itself erases it."""
    shared = await yard.blobs.put(b"shared")
    redaction = CheckpointRedacted(
        checkpoint_id="cp_1", digest=shared, actor="ann", reason="a key was in it"
    )
    for run in ("x/parent", "x/branch"):
        await yard.name(captured(shared), stream=run)
    yard.clock.jump(DAY + 1)
    await yard.name(redaction, stream="x/parent")
    assert (await yard.collect()).deleted == 0
    assert await yard.blobs.get(shared) == b"shared"
    await yard.name(redaction, stream="x/branch")
    assert (await yard.collect()).deleted == 1


async def test_storing_again_begins_the_grace_anew(yard: Yard) -> None:
    """Parts included; what was stored a moment ago is not written again."""
    digest = await yard.blobs.put(LARGE)
    yard.clock.jump(DAY / 2)
    await yard.blobs.put(LARGE)
    touched = [one["touched_at"] async for one in yard.database.db["blobs"].find({})]
    assert set(touched) == {yard.clock.now()}
    yard.clock.jump(DAY / 8)
    await yard.blobs.put(LARGE)
    whole = await yard.database.db["blobs"].find_one({"_id": digest})
    assert whole is not None
    assert whole["touched_at"] == touched[0]
    yard.clock.jump(DAY / 2)
    assert (await yard.collect()).deleted == 0


async def test_much_that_is_old_is_found_whenever_it_was_stored(yard: Yard) -> None:
    """Hundreds in one minute, and some months apart: all are swept at once."""
    for month in range(4):
        await asyncio.gather(*(yard.blobs.put(b"%d/%d" % (month, n)) for n in range(5)))
        yard.clock.jump(30 * DAY)
    many = [b"many/%d" % n for n in range(600)]
    await asyncio.gather(*map(yard.blobs.put, many))
    yard.clock.jump(DAY + 1)
    await yard.blobs.put(b"fresh")
    swept = await yard.collect()
    assert (swept.deleted, swept.kept) == (620, 1)


async def test_a_put_that_meets_a_sweep_is_answered_truly(yard: Yard) -> None:
    """Old bytes are stored again while they are being swept: they are there after."""
    for _ in range(20):
        await yard.blobs.put(LARGE)
        yard.clock.jump(DAY + 1)
        digest, _ = await asyncio.gather(yard.blobs.put(LARGE), yard.collect())
        assert await yard.blobs.get(digest) == LARGE


VALUES = [b"a", LARGE, LARGE + b"!"]


class Hands:
    """Whoever stores, names, waits and sweeps; each method is one of their doings."""

    def __init__(self, yard: Yard) -> None:
        self._yard = yard
        self._put_at: dict[bytes, float] = {}
        self._sweep: Sweep | None = None
        self.named: set[str] = set()

    async def put(self, data: bytes) -> None:
        """Store bytes."""
        await self._yard.blobs.put(data)
        self._put_at[data] = self._yard.clock.monotonic()

    @property
    def nameable(self) -> set[str]:
        """Return what was stored within half the grace, and may still be named."""
        since = self._yard.clock.monotonic() - DAY / 2
        return {digest_of(data) for data, at in self._put_at.items() if at >= since}

    async def name(self, data: bytes) -> None:
        """Name bytes that may be named."""
        if digest_of(data) in self.nameable:
            await self._yard.checkpoint(digest_of(data))
            self.named.add(digest_of(data))

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._yard.clock.jump(seconds)

    async def mark(self, _: None) -> None:
        """Do the first half of a sweep."""
        cutoff = self._yard.clock.now() - GRACE
        self._sweep = Sweep(self._yard.database, cutoff=cutoff, dry_run=False)
        await self._sweep.mark()

    async def collect(self, _: None) -> None:
        """Do both at once."""
        await self.mark(_)
        await self.sweep(_)

    async def sweep(self, _: None) -> None:
        """Do the second half, whenever it comes."""
        if self._sweep is not None:
            await self._sweep.sweep()
            self._sweep = None


SPANS = [DAY / 8, DAY * 3 / 8, DAY + 1]
STEPS = st.one_of(
    st.tuples(st.sampled_from(["put", "name"]), st.sampled_from(VALUES)),
    st.tuples(st.just("wait"), st.sampled_from(SPANS)),
    st.tuples(st.sampled_from(["mark", "sweep", "collect"]), st.none()),
)


@given(steps=st.lists(STEPS, min_size=4, max_size=24))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_whoever_names_in_time_loses_nothing(
    yard: Yard, steps: list[tuple[str, object]]
) -> None:
    """Stores, names, waits and halves of sweeps in any order.

    What was stored within half the grace is there to be named; what is named is there
    for ever; and whatever is there has all of its parts, however old.
    """
    for collection in ("blobs", "journal"):
        await yard.database.db[collection].delete_many({})
    hands, all_values = Hands(yard), {digest_of(data) for data in VALUES}
    for step, value in steps:
        await getattr(hands, step)(value)
        there = await yard.left() & all_values
        for digest in sorted(there | hands.named | hands.nameable):
            assert digest_of(await yard.blobs.get(Digest(digest))) == digest
