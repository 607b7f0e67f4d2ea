"""The journal over the real database: what it takes, and what the database refuses."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pymongo.errors import WriteError

from core.clock import Ids, SystemClock
from core.errors import (
    BrokenChainError,
    ConcurrencyError,
    RefusedByDatabaseError,
    StoreUnavailableError,
)
from core.events import journal as journal_room
from core.events.appender import Taken
from core.events.base import Payload
from core.events.bus import Bus, Occurrence
from core.events.commit import GENESIS, Commit, Draft, verify_chain
from core.events.journal import Journal, seal
from core.events.journal_schema import COLLECTION
from core.events.schema import (
    GateOpened,
    RunCreated,
    RunStateChanged,
    RunSuperseded,
    StepStarted,
)
from core.events.writers import Writers, last_words, sealing
from core.store.database import (
    Database,
    DuplicateKeyError,
    connect,
    is_validation_failure,
)

CLOCK = SystemClock()
CREATED = RunCreated(
    transition="enqueue",
    from_=None,
    to="queued",
    repository="octo/hello",
    pull=1,
    head_sha="a" * 40,
    pipeline="review",
    reason="opened",
    requested_by="alice",
)
CLAIMED = RunStateChanged(
    transition="claim", from_="queued", to="running", actor="worker_1"
)
STARTED = StepStarted(
    subject="snapshot", transition="start", from_="pending", to="running", attempt=1
)


@pytest.fixture
async def journal(database: Database) -> Journal:
    """Give a journal in a migrated database."""
    return Journal(database, clock=CLOCK, ids=Ids(CLOCK))


def draft(*events: Payload, stream: str = "run/1", seq: int = 1, **more: Any) -> Draft:
    """Return a draft of these events."""
    return Draft(stream=stream, seq=seq, time=CLOCK.now(), events=events, **more)


async def test_what_was_appended_reads_back(journal: Journal) -> None:
    """Events, states and the chain come back as they were given."""
    first = await journal.append(draft(CREATED, to="queued", fence=3, state={"a": [1]}))
    second = await journal.append(
        draft(
            CLAIMED,
            STARTED,
            seq=2,
            from_="queued",
            to="running",
            prev_hash=first.stored_hash,
        )
    )

    assert await journal.read("run/1") == (first, second)
    assert await journal.read("run/2") == ()
    assert (first.writer, first.wseq, second.wseq) == (journal.writer, 1, 2)
    documents = await journal.documents("run/1")
    assert verify_chain(documents) == second.stored_hash


async def test_a_changed_document_breaks_the_chain(
    journal: Journal, database: Database
) -> None:
    """Someone with the database's password cannot rewrite history unseen."""
    first = await journal.append(draft(CREATED, to="queued"))
    await journal.append(
        draft(
            CLAIMED,
            seq=2,
            from_="queued",
            to="running",
            prev_hash=first.stored_hash,
        )
    )
    await database.db[COLLECTION].update_one(
        {"_id": "run/1:1"}, {"$set": {"events.0.data.requested_by": "mallory"}}
    )

    with pytest.raises(BrokenChainError, match="sequence 1"):
        verify_chain(await journal.documents("run/1"))


async def test_an_erased_state_leaves_everything_else(
    journal: Journal, database: Database
) -> None:
    """Events and chain stand as before, and the other entries keep their states."""
    first = await journal.append(draft(CREATED, to="queued", state={"secret": 1}))
    moved: dict[str, Any] = {"from_": "queued", "to": "running", "state": {"kept": 2}}
    second = await journal.append(
        draft(CLAIMED, seq=2, prev_hash=first.stored_hash, **moved)
    )

    assert await journal.erase_state("run/1", 1)
    assert await journal.read("run/1") == (replace(first, state=None), second)
    assert verify_chain(await journal.documents("run/1")) == second.stored_hash
    raw = await database.db[COLLECTION].find_one({"_id": "run/1:1"})
    assert raw is not None
    assert "state" not in raw


async def test_erasing_again_is_nothing(journal: Journal) -> None:
    """Nor is erasing where there is no state, or no entry."""
    await journal.append(draft(CREATED, to="queued"))
    before = await journal.documents("run/1")
    assert not await journal.erase_state("run/1", 1)
    assert not await journal.erase_state("run/1", 2)
    assert await journal.documents("run/1") == before


async def test_of_fifty_appenders_at_one_sequence_one_wins(
    journal: Journal, database: Database
) -> None:
    """That is the compare-and-set, the lock and the fence; the others are told."""
    rivals = [Journal(database, clock=CLOCK, ids=Ids(CLOCK)) for _ in range(50)]
    answers = await asyncio.gather(
        *(rival.append(draft(CREATED, to="queued")) for rival in rivals),
        return_exceptions=True,
    )

    won = [one for one in answers if isinstance(one, Commit)]
    lost = [one for one in answers if isinstance(one, ConcurrencyError)]
    assert (len(won), len(lost)) == (1, 49)
    assert await journal.read("run/1") == tuple(won)


async def test_one_appenders_rivals_in_a_batch_are_told_apart(
    journal: Journal,
) -> None:
    """A refused and a lost one fail alone; the rest of their batch is stored once."""
    wrong = RunStateChanged(transition="claim", from_="queued", to="dead", actor="w")
    drafts = [draft(CREATED, to="queued", stream=f"run/{n}") for n in range(20)]
    drafts[7] = draft(wrong, stream="run/7", from_="queued", to="dead")
    drafts[9] = draft(CREATED, to="queued", stream="run/8")
    jobs = (journal.append(one) for one in drafts)
    answers = await asyncio.gather(*jobs, return_exceptions=True)

    assert isinstance(answers[7], RefusedByDatabaseError)
    assert isinstance(answers[9], ConcurrencyError)
    stored = [one for one in answers if isinstance(one, Commit)]
    assert [one.wseq for one in stored] == list(range(1, 19))
    for one in stored:
        assert await journal.read(one.stream) == (one,)


def raw(**changes: Any) -> dict[str, Any]:
    """Return a good document with some fields changed; None takes one away."""
    good = draft(CREATED, to="queued")
    document = sealing(good, "w_raw", 1).document()
    return {k: v for k, v in (document | changes).items() if v is not ...}


def event(kind: str, **data: Any) -> dict[str, Any]:
    """Return one stored event."""
    return {"type": kind, "data": data}


CLAIM = event(
    "run.state_changed", transition="claim", **{"from": "queued"}, to="running"
)
SECOND = {"_id": "run/1:2", "seq": 2}
STILL = {"_id": "x/1:1", "stream": "x/1", "to": None}
BAD: dict[str, dict[str, Any]] = {
    "the key is not stream:seq": {"_id": "run/1:2"},
    "the sequence is not the key's": {"seq": 2},
    "a sequence below one": {"seq": 0, "_id": "run/1:0"},
    "a number below one": {"wseq": 0},
    "a stream that begins twice": {"seq": 2, "_id": "run/1:2"},
    "a run's stream that begins in the middle": {
        "from": "queued",
        "to": "running",
        "events": [CLAIM],
    },
    "a status outside a run's stream": {"_id": "x/1:1", "stream": "x/1"},
    "no writer": {"writer": ...},
    "no time": {"time": ...},
    "time as text": {"time": "2026-01-05"},
    "a negative fence": {"fence": -1},
    "a field that nobody knows": {"extra": 1},
    "no events": {"events": []},
    "events that are no list": {"events": {"type": "x.y", "data": {}}},
    "an event without data": {"events": [{"type": "run.superseded"}]},
    "an event with more": {"events": [event("run.superseded") | {"more": 1}]},
    "a type without a noun": {"events": [event("superseded")]},
    "a type in capitals": {"events": [event("Run.Superseded")]},
    "a hash of another length": {"hash": "ab"},
    "no previous hash": {"prev_hash": ...},
    "a transition that is no row": {
        **SECOND,
        "from": "queued",
        "to": "succeeded",
        "events": [
            event(
                "run.state_changed",
                transition="succeed",
                **{"from": "queued"},
                to="succeeded",
            )
        ],
    },
    "a row's name with another row's states": {
        **SECOND,
        "from": "queued",
        "to": "running",
        "events": [
            event(
                "run.state_changed",
                transition="due",
                **{"from": "queued"},
                to="running",
            )
        ],
    },
    "a step's move that is no row": {
        **STILL,
        "events": [
            event(
                "step.started",
                subject="a",
                transition="start",
                **{"from": "running"},
                to="running",
            )
        ],
    },
    "a move without a state": {
        **STILL,
        "events": [event("gate.opened", transition="open")],
    },
    "a status that no event brought about": {"to": "running"},
    "a status that changed and was not told": {"to": None},
    "a move from another status than the stream's": {
        **SECOND,
        "from": "paused",
        "to": "running",
        "events": [CLAIM],
    },
    "two moves that do not follow each other": {
        **SECOND,
        "from": "queued",
        "to": "running",
        "events": [CLAIM, CLAIM],
    },
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
async def test_the_database_refuses(
    journal: Journal, database: Database, changes: dict[str, Any]
) -> None:
    """A raw write past the program meets error 121."""
    with pytest.raises(WriteError) as refused:
        await database.db[COLLECTION].insert_one(raw(**changes))

    assert refused.value.code == 121
    assert is_validation_failure(refused.value)
    assert await journal.documents("run/1") == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"state": {"a": 1}},
        SECOND | {"from": "queued", "to": "running", "events": [CLAIM]},
        STILL | {"events": [event("moon.landed", to="here")]},
        STILL
        | {
            "events": [GateOpened(transition="open", from_=None, to="opened").stored()],
        },
        SECOND
        | {
            "from": "running",
            "to": "running",
            "events": [
                event(
                    "run.state_changed",
                    transition="lose_lease",
                    **{"from": "running"},
                    to="queued",
                ),
                CLAIM,
            ],
        },
    ],
)
async def test_the_database_takes_what_the_rules_allow(
    journal: Journal, database: Database, changes: dict[str, Any]
) -> None:
    """The validator does not refuse more than it should."""
    document = raw(**changes)
    await database.db[COLLECTION].insert_one(document)
    assert len(await journal.documents(document["stream"])) == 1


@pytest.mark.usefixtures("journal")
async def test_the_database_refuses_a_number_that_is_taken(database: Database) -> None:
    """Two entries of one writer cannot have one number, nor two one place."""
    await database.db[COLLECTION].insert_one(raw())
    for again in ({"_id": "run/2:1", "stream": "run/2"}, {"wseq": 2}):
        with pytest.raises(DuplicateKeyError):
            await database.db[COLLECTION].insert_one(raw(**again))


async def test_a_name_is_registered_before_its_first_entry(
    journal: Journal, database: Database
) -> None:
    """So the feeder can find every log; a process that only reads registers none."""
    writers = Writers(database, clock=CLOCK)
    await journal.read("run/1")
    assert await writers.live() == ()
    await journal.append(draft(CREATED, to="queued"))
    assert [one.name for one in await writers.live()] == [journal.writer]
    await writers.register(journal.writer)
    assert len(await writers.live()) == 1


async def test_a_log_that_was_ended_takes_no_more(
    journal: Journal, database: Database
) -> None:
    """A process that slept goes on under a new name, and its caller notices nothing."""
    first = await journal.append(draft(CREATED, to="queued"))
    end = last_words(first.writer, time=CLOCK.now(), reason="silent")
    assert await seal(database, sealing(end, first.writer, 2))
    assert not await seal(database, sealing(end, first.writer, 3))

    drafts = [draft(CREATED, to="queued", stream=f"run/{n}") for n in range(2, 9)]
    later = await asyncio.gather(*map(journal.append, drafts))

    assert {one.writer for one in later} == {journal.writer} != {first.writer}
    assert [one.wseq for one in later] == list(range(1, 8))


async def test_closing_ends_the_log_in_the_journal(journal: Journal) -> None:
    """The next reader of the log need not wait for more."""
    await journal.append(draft(CREATED, to="queued"))
    name = journal.writer
    await journal.close()
    (end,) = await journal.read(f"writer/{name}")

    assert (end.writer, end.wseq) == (name, 2)
    assert end.prev_hash == GENESIS


async def test_the_bus_hears_of_what_is_durable_and_nothing_else(
    database: Database,
) -> None:
    """A lost race is not an event."""
    bus = Bus()
    journal = Journal(database, clock=CLOCK, ids=Ids(CLOCK), bus=bus)
    with bus.subscribe(RunCreated, RunSuperseded) as heard:
        await journal.append(draft(CREATED, to="queued"))
        with pytest.raises(ConcurrencyError):
            await journal.append(draft(CREATED, to="queued"))
        found = await heard.next()
        assert isinstance(found, Occurrence)
        assert (found.id, found.event) == ("run/1:1.0", CREATED)
    assert await heard.next() is None


async def test_a_database_that_is_away_is_said_to_be_away() -> None:
    """Nothing waits for ever, and nothing is called done."""
    gone = connect("mongodb://127.0.0.1:9/", selection_timeout=0.05, embedded=True)
    journal = Journal(gone, clock=CLOCK, ids=Ids(CLOCK))
    journal._appender._patience = 0.0
    with pytest.raises(StoreUnavailableError):
        await journal.append(draft(CREATED, to="queued"))
    await journal.close()
    await gone.close()


@pytest.mark.usefixtures("journal")
async def test_what_cannot_be_read_yet_is_asked_for_again(database: Database) -> None:
    """A taken place that is not durable yet is an unclear answer, not a conflict."""
    batches = journal_room._Batches(database)
    commit = sealing(draft(CREATED, to="queued"), "w_raw", 1)
    with pytest.raises(StoreUnavailableError):
        await batches._taken(0, commit)
    await seal(database, commit)
    assert await batches._taken(0, commit) == Taken(0, commit)
