"""The audit: one chain whoever writes, proved to its end, and quick to go on."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.auditing import DailyHead
from bot.base import assembled
from bot.settings import load_settings
from core.audit.ending import end_of, farthest
from core.audit.places import BEGINNING, VOLUME, Head, stream_of
from core.audit.proof import AuditProver
from core.audit.reader import AuditFilter, AuditReader
from core.audit.service import Audit
from core.clock import Ids
from core.errors import AuditBrokenError, AuditHeadError
from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit, Draft
from core.events.journal import Journal
from core.events.journal_schema import COLLECTION
from core.store.database import Database
from tests.fakes.clock import NOON, FakeClock

KEYS = f"k1:{base64.b64encode(b'1' * 32).decode()}"
ENTRY = schema.AuditRecorded(
    actor="token:abc", action="memory.read", subject="session/s", facts={"seqs": "1"}
)


@pytest.fixture
async def journal(database: Database, clock: FakeClock) -> AsyncIterator[Journal]:
    """Give a journal over a migrated database."""
    made = Journal(database, clock=clock, ids=Ids(clock))
    yield made
    await made.close()


def about(number: int, repository: str | None = None) -> schema.AuditRecorded:
    """Return an entry that can be told from others."""
    return ENTRY.model_copy(
        update={"subject": f"session/{number}", "repository": repository}
    )


async def filled(database: Database, volumes: int, more: int = 0) -> Head:
    """Lay down full volumes and the beginning of another, as the service would."""
    end, documents = BEGINNING, list[dict[str, Any]]()
    for volume in range(1, volumes + 2):
        count = VOLUME if volume <= volumes else more
        for seq in range(1, count + 1):
            events: tuple[Payload, ...] = (about(volume * VOLUME + seq),)
            before = end.hash
            if seq == 1 and volume > 1:
                events = (
                    schema.AuditContinued(
                        volume=volume, previous=stream_of(volume - 1), head=end.hash
                    ),
                )
            if seq == 1:
                before = BEGINNING.hash
            draft = Draft(
                stream=stream_of(volume),
                seq=seq,
                time=NOON,
                events=events,
                prev_hash=before,
            )
            values = {name: getattr(draft, name) for name in Draft.__slots__}
            commit = Commit(
                **values,
                writer="w_laid",
                wseq=len(documents) + 1,
                stored_hash=draft.hash(),
            )
            documents.append(commit.document())
            end = Head(volume=volume, seq=seq, hash=commit.stored_hash)
    await database.db[COLLECTION].insert_many(documents)
    return end


async def test_whoever_writes_at_once_writes_one_chain(
    journal: Journal, database: Database, clock: FakeClock
) -> None:
    """Two processes with eight callers each; nothing is lost, and nothing twice."""
    other = Journal(database, clock=clock, ids=Ids(clock))
    here, there = Audit(journal, clock=clock), Audit(other, clock=clock)
    await asyncio.gather(
        *((here if number % 2 else there).record(about(number)) for number in range(64))
    )
    await other.close()

    proof = await AuditProver(journal).prove()
    page = await AuditReader(journal).page(AuditFilter(), limit=100)

    assert proof.entries == 64
    assert {one.recorded.subject for one in page.entries} == {
        f"session/{number}" for number in range(64)
    }
    assert proof.head == await here.head() == await there.head()


async def test_what_waits_together_is_written_together(
    journal: Journal, clock: FakeClock
) -> None:
    """A hundred entries take a few commits, and each caller learns of its own."""
    audit = Audit(journal, clock=clock)
    commits = await asyncio.gather(*(audit.record(about(one)) for one in range(100)))

    assert len({one.id for one in commits}) < 5
    for number, commit in enumerate(commits):
        assert about(number) in commit.events


async def test_one_that_cannot_be_stored_takes_no_other_with_it(
    journal: Journal, clock: FakeClock
) -> None:
    """Its own caller is told why."""
    audit = Audit(journal, clock=clock)
    bad = ENTRY.model_copy(update={"facts": {"count": 2**70}})
    answers = await asyncio.gather(
        *(audit.record(one) for one in (about(1), bad, about(2))),
        return_exceptions=True,
    )

    assert [isinstance(one, Exception) for one in answers] == [False, True, False]
    assert (await AuditProver(journal).prove()).entries == 2


async def test_a_full_volume_is_followed_by_another(
    journal: Journal, database: Database, clock: FakeClock
) -> None:
    """By the process that filled it and by one that starts anew, as one chain."""
    await filled(database, 1, VOLUME - 1)
    first, second = Audit(journal, clock=clock), Audit(journal, clock=clock)

    last = await first.record(about(1))
    next_one = await second.record(about(2))
    then = await first.record(about(3))

    assert (last.stream, last.seq) == (stream_of(2), VOLUME)
    assert (next_one.stream, next_one.seq) == (stream_of(3), 2)
    assert (then.stream, then.seq) == (stream_of(3), 3)
    proof = await AuditProver(journal).prove()
    assert (proof.volumes, proof.entries) == (3, 2 * VOLUME - 1 + 3 - 1)


@pytest.mark.parametrize("last", [1, 2, 3, 7, 8, 1000])
async def test_the_end_is_found_in_few_steps(last: int) -> None:
    """However long it is, from wherever one begins to look."""
    asked: list[int] = []

    async def there(number: int) -> bool:
        asked.append(number)
        return number <= last

    for start in {1, last // 2 or 1, last}:
        asked.clear()
        assert await farthest(there, start) == last
        assert len(asked) <= 20


async def test_a_start_reads_no_volume(
    journal: Journal, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only single entries are looked up, by their keys."""
    end = await filled(database, 2, 5)
    asked: list[dict[str, Any]] = []
    find = journal.find

    async def watching(query: dict[str, Any]) -> list[dict[str, Any]]:
        asked.append(query)
        return await find(query)

    monkeypatch.setattr(journal, "find", watching)
    assert await end_of(journal) == end
    assert len(asked) < 40
    assert {tuple(query) for query in asked} == {("_id",)}


BREAKS: Sequence[tuple[str, str, str, str]] = (
    ("edited", "audit/000001:7", "000001:7", "does not match its hash"),
    ("deleted", "audit/000001:7", "000001:7", "missing"),
    ("deleted", "audit/000001:1000", "000001:1000", "while volume 2"),
    ("edited", "audit/000002:1", "000002:1", "does not match its hash"),
    ("deleted", "audit/000002:1", "000002:1", "missing"),
)


@pytest.mark.parametrize(("how", "key", "entry", "reason"), BREAKS)
async def test_the_first_broken_entry_is_named(  # one a fact
    journal: Journal, database: Database, how: str, key: str, entry: str, reason: str
) -> None:
    """Whatever a database administrator changes or takes out of the middle."""
    await filled(database, 2, 3)
    entries = database.db[COLLECTION]
    if how == "edited":
        change = {"$set": {"events.0.data.actor": "nobody"}}
        await entries.update_one({"_id": key}, change)
    else:
        await entries.delete_one({"_id": key})

    with pytest.raises(AuditBrokenError) as broken:
        await AuditProver(journal).prove()

    assert broken.value.facts["entry"] == entry
    assert reason in str(broken.value)


async def test_a_volume_that_is_missing_as_a_whole_is_missed(
    journal: Journal, database: Database
) -> None:
    """What follows it says that it was there."""
    await filled(database, 2, 3)
    await database.db[COLLECTION].delete_many({"stream": stream_of(2)})

    with pytest.raises(AuditBrokenError, match="entry 000002:1"):
        await AuditProver(journal).prove()


async def test_an_end_that_was_cut_off_shows_against_a_head_alone(
    journal: Journal, database: Database
) -> None:
    """Without one that was kept, the shorter chain looks whole: so keep it."""
    end = await filled(database, 1, 5)
    await database.db[COLLECTION].delete_one({"_id": f"{stream_of(2)}:5"})

    shorter = await AuditProver(journal).prove()
    with pytest.raises(AuditBrokenError, match="not there any more"):
        await AuditProver(journal).prove(end)

    assert shorter.head.seq == 4
    assert (await AuditProver(journal).prove(shorter.head)).anchored


async def test_a_chain_that_was_written_anew_shows_against_a_head_alone(
    journal: Journal, database: Database, clock: FakeClock
) -> None:
    """Each hash fits the one before it, and none is the one that was kept."""
    audit = Audit(journal, clock=clock)
    for number in (1, 2):
        await audit.record(about(number))
    kept = await audit.head()
    await database.db[COLLECTION].delete_many({"stream": stream_of(1)})
    forger = Audit(journal, clock=clock)
    for number in (3, 4):
        await forger.record(about(number))

    assert (await AuditProver(journal).prove()).entries == 2
    with pytest.raises(AuditBrokenError, match="not the one whose hash was kept"):
        await AuditProver(journal).prove(kept)


async def test_an_earlier_head_is_still_part_of_a_longer_chain(
    journal: Journal, clock: FakeClock
) -> None:
    """What was printed last week is read back, and found."""
    audit = Audit(journal, clock=clock)
    await audit.record(about(1))
    printed = str(await audit.head())
    await audit.record(about(2))

    proof = await AuditProver(journal).prove(Head.of(printed))

    assert (proof.entries, proof.anchored) == (2, True)


@pytest.mark.parametrize("text", ["", "000001:1", "1:1:" + "0" * 64, "000001:1:xyz"])
def test_what_is_no_head_is_refused(text: str) -> None:
    """A typing error must not look like a proof."""
    with pytest.raises(AuditHeadError):
        Head.of(text)


async def test_pages_go_both_ways_over_volumes(
    journal: Journal, database: Database
) -> None:
    """Every entry once; the entry that continues a volume is none."""
    await filled(database, 1, 40)
    reader = AuditReader(journal)
    forward: list[int] = []
    after: int | None = 0
    while after is not None:
        page = await reader.page(AuditFilter(), after=after, limit=300)
        forward += [one.position for one in page.entries]
        after = page.next
    backward: list[int] = []
    page = await reader.page(AuditFilter(), newest_first=True, limit=300)
    while True:
        backward += [one.position for one in page.entries]
        if page.next is None:
            break
        page = await reader.page(
            AuditFilter(), before=page.next, newest_first=True, limit=300
        )

    assert len(forward) == VOLUME + 39
    assert forward == sorted(set(forward)) == backward[::-1]


async def test_entries_are_found_by_who_what_and_when(
    journal: Journal, clock: FakeClock
) -> None:
    """What is about no repository is for those who see all of them."""
    audit = Audit(journal, clock=clock)
    await audit.record(about(1, "octo/hello"))
    clock.jump(60)
    await audit.record(about(2, "octo/other"))
    await audit.record(about(3).model_copy(update={"action": "key.promote"}))
    reader = AuditReader(journal)

    async def found(**wanted: Any) -> list[str]:
        page = await reader.page(AuditFilter(**wanted))
        return [one.recorded.subject.partition("/")[2] for one in page.entries]

    assert await found() == ["1", "2", "3"]
    assert await found(action="key.promote") == ["3"]
    assert await found(subject="session/2") == ["2"]
    assert await found(actor="nobody") == []
    assert await found(since=clock.now()) == ["2", "3"]
    assert await found(until=clock.now()) == ["1"]
    assert await found(sees=lambda name: name == "octo/hello") == ["1"]


async def test_the_head_is_logged_once_a_day(database: Database) -> None:
    """By one process of all; a day later again, with what came meanwhile."""
    clock = FakeClock()
    base = assembled(database, load_settings(None, memory_keys=KEYS), clock)
    others = (DailyHead(base), DailyHead(base))
    await base.audit.record(about(1))
    with capture_logs() as lines:
        for one in others:
            await one.once()
        first = str(await base.audit.head())
        await base.audit.record(about(2))
        clock.jump(25 * 3600)
        for one in others:
            await one.once()
        second = str(await base.audit.head())
    await base.runs.close()

    heads = [one["head"] for one in lines if one["event"] == "audit.head"]
    assert heads == [first, second]
