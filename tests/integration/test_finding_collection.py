"""The collection of findings follows the journal, and refuses what it never says."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.clock import Ids, SystemClock
from core.errors import FindingNotFoundError, FindingUnclearError
from core.events import schema
from core.events.journal import Journal
from core.review.ledger.model import stream_of
from core.review.ledger.rebuild import rebuild_findings
from core.review.ledger.service import Findings, one_named
from core.store.database import Database, PyMongoError, is_validation_failure
from tests.fakes.seen_reviews import seen

PLACE = ("octo/hello", 7)


@pytest.fixture
async def findings(database: Database) -> AsyncIterator[Findings]:
    """Give the ledgers of a database."""
    clock = SystemClock()
    journal = Journal(database, clock=clock, ids=Ids(clock))
    yield Findings(database, journal, clock=clock)
    await journal.close()


async def kept(database: Database) -> list[dict[str, Any]]:
    """Return the collection as it is."""
    found = await database.db["findings"].find({}).to_list(None)
    return sorted(found, key=lambda one: str(one["_id"]))


async def told(findings: Findings) -> None:
    """Let reviews and people tell a ledger all that can be told."""
    await findings.settle(*PLACE, seen(["risk a", "risk b", "risk c"]))
    ledger = await findings.of(*PLACE)
    first, second, _ = ledger.entries
    await findings.say(
        *PLACE, first, schema.FindingDismissed, actor="ann", reason="ours"
    )
    await findings.say(*PLACE, second, schema.FindingDisputed, actor="bob", reason="no")
    await findings.settle(*PLACE, seen(["risk a", "x", "risk b"], run="run_2"))


async def test_the_collection_is_what_the_journal_says(
    database: Database, findings: Findings
) -> None:
    """A rebuild finds nothing to mend, and mends what was lost or tampered with."""
    await told(findings)
    before = await kept(database)
    assert sorted(one["state"] for one in before) == [
        *("addressed", "dismissed", "disputed"),
    ]
    assert await rebuild_findings(database, findings) == []
    collection = database.db["findings"]
    stray = {**before[0], "_id": "finding_" + "0" * 26}
    await collection.insert_one(stray)
    await collection.update_one({"_id": before[0]["_id"]}, {"$set": {"title": "lies"}})
    await collection.delete_one({"_id": before[1]["_id"]})
    said = await rebuild_findings(database, findings)
    assert len(said) == 3
    assert any("replace /title" in one for one in said)
    assert any("no such finding" in one for one in said)
    assert await kept(database) == before
    assert await rebuild_findings(database, findings) == []


async def test_what_a_crash_left_behind_is_mended_by_the_next_word(
    database: Database, findings: Findings
) -> None:
    """The journal had it; the list gets it when a step is done again."""
    review = seen(["risk a"])
    await findings.settle(*PLACE, review)
    (before,) = await kept(database)
    await database.db["findings"].delete_many({})
    await findings.settle(*PLACE, review)
    assert await kept(database) == [before]
    commits = await database.db["journal"].find({"stream": stream_of(*PLACE)}).to_list()
    assert len(commits) == 1


async def test_many_at_once_tell_each_thing_once(
    database: Database, findings: Findings
) -> None:
    """Whoever is later looks again at what the others told."""
    review = seen(["risk a", "risk b"])
    await asyncio.gather(*(findings.settle(*PLACE, review) for _ in range(5)))
    commits = await database.db["journal"].find({"stream": stream_of(*PLACE)}).to_list()
    assert len(commits) == 1
    ledger = await findings.of(*PLACE)
    first, second = ledger.entries
    await asyncio.gather(
        findings.say(*PLACE, first, schema.FindingDismissed, actor="a", reason="r"),
        findings.say(*PLACE, first, schema.FindingDismissed, actor="a", reason="r"),
        findings.say(*PLACE, second, schema.FindingDisputed, actor="b", reason="r"),
    )
    assert len((await findings.of(*PLACE)).entries) == 2
    commits = await database.db["journal"].find({"stream": stream_of(*PLACE)}).to_list()
    assert len(commits) == 3


async def test_a_finding_is_named_by_its_first_digits(findings: Findings) -> None:
    """None and several are both told."""
    await findings.settle(*PLACE, seen(["risk a", "risk b"]))
    ledger = await findings.of(*PLACE)
    first, _ = ledger.entries
    assert one_named(ledger, first[:8].upper()).fingerprint == first
    with pytest.raises(FindingNotFoundError):
        one_named(ledger, "zz")
    with pytest.raises(FindingUnclearError):
        one_named(ledger, "")


@pytest.mark.parametrize(
    "change",
    [
        {"$set": {"state": "gone"}},
        {"$set": {"state": "dismissed", "open": False}},
        {"$set": {"state": "addressed"}},
        {"$set": {"open": False}},
        {"$set": {"extra": 1}},
        {"$set": {"name": "x"}},
        {"$unset": {"title": 1}},
    ],
    ids=str,
)
async def test_the_database_refuses_what_no_ledger_says(
    database: Database, findings: Findings, change: dict[str, Any]
) -> None:
    """A state without its facts, or a field that is none."""
    await findings.settle(*PLACE, seen(["risk a"]))
    (before,) = await kept(database)
    with pytest.raises(PyMongoError) as caught:
        await database.db["findings"].update_one({"_id": before["_id"]}, change)
    assert is_validation_failure(caught.value)
    assert await kept(database) == [before]
