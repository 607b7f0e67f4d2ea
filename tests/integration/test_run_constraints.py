"""What the database itself refuses, from whoever writes past the runner."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from bot.schema import SCHEMA
from core.clock import Ids, SystemClock
from core.errors import RefusedByDatabaseError
from core.events import schema
from core.events.journal import Journal
from core.runs import decide, part_moves, step_moves
from core.runs.constraints import rows_by_event_type
from core.runs.evolve import evolve
from core.runs.model import TRAIL, Run
from core.runs.projection import RunProjection, document_of
from core.runs.states import RUN, Status
from core.store.database import Database, DuplicateKeyError, connect
from core.store.migrate import migrate
from tests.fakes.clock import NOON
from tests.fakes.commits import Story, committed

JSON = dict[str, Any]
Refused = Callable[[Awaitable[object]], Awaitable[None]]


@pytest.fixture
async def database(mongodb_url: str) -> AsyncIterator[Database]:
    """Give one migrated database to all these tests, empty."""
    database = connect(mongodb_url, name="test_run_constraints", embedded=True)
    await migrate(database, SCHEMA)
    for name in ("journal", "runs"):
        await database.db[name].delete_many({})
    yield database
    await database.close()


@pytest.fixture
def refused() -> Refused:
    """Give what awaits a write and demands error 121."""

    async def check(write: Awaitable[object]) -> None:
        with pytest.raises(Exception, match="validation") as caught:
            await write
        assert getattr(caught.value, "code", None) == 121

    return check


def entry(seq: int = 2, **changes: Any) -> JSON:
    """Return a legal second entry of a run, changed a little."""
    story = Story()
    story.move("claim")
    document = story.commits[1].document()
    document |= {"seq": seq, "wseq": 1000 + seq, "_id": f"run/run_1:{seq}"}
    return document | changes


def event(kind: str, transition: str, from_: str | None, to: str) -> JSON:
    """Return a stored move."""
    data = {"subject": "s", "transition": transition, "from": from_, "to": to}
    return {"type": kind, "data": data}


async def test_what_the_runner_writes_is_taken(database: Database) -> None:
    """The rules below refuse other things."""
    story = Story()
    story.move("claim", "back_off", "due", "claim", "request_cancel", "finish_cancel")
    documents = [commit.document() for commit in story.commits]
    await database.db["journal"].insert_many(documents)
    assert await database.db["journal"].count_documents({}) == 7


@pytest.mark.parametrize("status", Status)
async def test_a_run_moves_by_its_rows_alone(
    database: Database, refused: Refused, status: Status
) -> None:
    """From this state every other triple of transition, from and to is refused."""
    rows = set(RUN.rows())
    tried = 0
    for transition in sorted({name for name, _, _ in rows}):
        for to in sorted({*Status}):
            moved = event("run.state_changed", transition, status, to)
            document = entry(3 + tried, **{"from": status, "to": to})
            document["events"] = [moved]
            tried += 1
            if (transition, status, to) in rows:
                await database.db["journal"].insert_one(document)
            else:
                await refused(database.db["journal"].insert_one(document))


PARTS = [
    kind for kind, rows in rows_by_event_type().items() if rows and kind[:4] != "run."
]


@pytest.mark.parametrize("kind", PARTS)
async def test_the_parts_of_a_run_move_by_their_rows_alone(
    database: Database, refused: Refused, kind: str
) -> None:
    """Steps, gates, findings and effects are guarded as the run is.

    Each row is told of by its own type of event, and by no other.
    """
    rows = rows_by_event_type()
    same: JSON = {"from": "running", "to": "running"}
    for seq, (name, from_, to) in enumerate(rows[kind], start=3):
        good = entry(seq, **same, events=[event(kind, name, from_, to)])
        await database.db["journal"].insert_one(good)
    name, from_, to = rows[kind][0]
    other = next(one for one in PARTS if rows[kind][0] not in rows[one])
    for number, bad in enumerate(
        (
            event(kind, "teleport", from_, to),
            event(kind, name, "nowhere", to),
            event(kind, name, from_, "nowhere"),
            event(kind, name, to, str(from_)),
            event(other, name, from_, to),
        ),
        start=100,
    ):
        wrong = entry(number, **same, events=[bad])
        await refused(database.db["journal"].insert_one(wrong))


@pytest.mark.parametrize(
    ("kind", "transition", "from_", "to"),
    [
        ("finding.judged", "verify", "proposed", "verified"),
        ("finding.published", "post", "anchored", "posted"),
    ],
)
async def test_the_state_beside_a_type_that_is_only_read_can_be_erased(
    database: Database, kind: str, transition: str, from_: str, to: str
) -> None:
    """The database looks at the whole entry again, which an older program wrote."""
    same: JSON = {"from": "running", "to": "running"}
    moved = event(kind, transition, from_, to)
    old = entry(3, **same, events=[moved], state={"secret": "s3cret"})
    await database.db["journal"].insert_one(old)
    journal = Journal(database, clock=SystemClock(), ids=Ids(SystemClock()))
    assert await journal.erase_state(old["stream"], 3)
    (found,) = await journal.documents(old["stream"])
    assert "state" not in found


CLAIM = event("run.state_changed", "claim", "queued", "running")
CREATE = event("run.created", "enqueue", None, "queued")
WRONG: dict[str, JSON] = {
    "from differs from the first move": {"from": "paused"},
    "to differs from the last move": {"to": "succeeded"},
    "to without a move": {"events": [{"type": "thing.happened", "data": {}}]},
    "moves that do not join": {
        "to": "succeeded",
        "events": [CLAIM, event("run.state_changed", "due", "retry_wait", "queued")],
    },
    "_id of another place": {"_id": "run/run_1:9"},
    "_id of another stream": {"_id": "run/run_2:2"},
    "an unknown field": {"note": "hello"},
    "an unknown field of an event": {"events": [CLAIM | {"note": "hello"}]},
    "a state that a broken chain of moves arrives at": {
        "from": "queued",
        "to": "broken",
        "events": [event("run.state_changed", "claim", "paused", "running")],
    },
    "a status without a letter": {"from": "", "to": "queued", "events": [CREATE]},
    "a move that spans the fields of a row": {
        "from": "queued",
        "events": [event("run.state_changed", "claim|queued", "", "running")],
    },
    "a move that spans two rows": {
        "from": "paused",
        "to": "paused",
        "events": [
            event(
                "step.started",
                "start|pending|running\nstep.started|succeed",
                "running",
                "succeeded",
            )
        ],
    },
    "a move without an end": {
        "to": "queued",
        "events": [
            {
                "type": "run.state_changed",
                "data": {"transition": "claim", "from": "queued"},
            }
        ],
    },
    "a move without a name": {
        "events": [
            {
                "type": "run.state_changed",
                "data": {"from": "queued", "to": "running"},
            }
        ]
    },
    "a step that moves by no row beside a run that does": {
        "events": [CLAIM, event("step.started", "start", "running", "pending")]
    },
    "no events": {"events": []},
    "events that are no list": {"events": "none"},
    "an event type that is no name": {
        "from": "queued",
        "to": "queued",
        "events": [{"type": "Bad", "data": {}}],
    },
    "sequence zero": {"seq": 0, "_id": "run/run_1:0"},
    "a fence below zero": {"fence": -1},
    "a hash that is none": {"hash": "abc"},
    "no time": {"time": "noon"},
    "created a second time": {"from": None, "to": "queued", "events": [CREATE]},
    "enqueued by another event": {
        "from": None,
        "to": "queued",
        "events": [event("run.state_changed", "enqueue", None, "queued")],
    },
    "moved by its creation": {
        "events": [event("run.created", "claim", "queued", "running")]
    },
    "a run without a state": {
        "from": None,
        "to": None,
        "events": [{"type": "thing.happened", "data": {}}],
    },
    "a state in a stream that has none": {
        "stream": "pull/octo/hello#1",
        "_id": "pull/octo/hello#1:2",
    },
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
async def test_an_illegal_entry_is_refused(
    database: Database, refused: Refused, changes: JSON
) -> None:
    """Whatever is wrong with it, it is never stored, also not by a change later."""
    journal = database.db["journal"]
    await refused(journal.insert_one(entry(**deepcopy(changes))))
    await journal.insert_one(entry())
    fields = {name: value for name, value in changes.items() if name != "_id"}
    if fields:
        change = {"$set": deepcopy(fields)}
        await refused(journal.update_one({"_id": "run/run_1:2"}, change))


async def test_a_run_cannot_begin_in_the_middle(
    database: Database, refused: Refused
) -> None:
    """The first entry comes from nowhere, and only the first."""
    first = Story().commits[0].document()
    late = first | {"from": "paused", "events": [CLAIM], "to": "running"}
    await refused(database.db["journal"].insert_one(late))
    resumed = late | {"from": "queued"}
    await refused(database.db["journal"].insert_one(resumed))
    await database.db["journal"].insert_one(first)


async def test_a_place_is_taken_once(database: Database) -> None:
    """Of two writers with the same next sequence one wins."""
    await database.db["journal"].insert_one(entry())
    with pytest.raises(DuplicateKeyError):
        await database.db["journal"].insert_one(entry(wseq=77))
    with pytest.raises(DuplicateKeyError):
        await database.db["journal"].insert_one(entry(3, wseq=1002))


async def test_the_journal_says_what_was_refused(database: Database) -> None:
    """A program that disagrees with its constraints is told, and nothing is stored."""
    clock = SystemClock()
    journal = Journal(database, clock=clock, ids=Ids(clock))
    story = Story()
    await journal.append(decide.first_draft("run_1", story.run.subject, NOON))
    draft = decide.draft(story.run, [decide.moved(story.run, "claim", actor="w")], NOON)
    with pytest.raises(RefusedByDatabaseError):
        await journal.append(replace(draft, to="succeeded"))
    assert len(await journal.read("run/run_1")) == 1
    await journal.append(draft)
    await journal.close()


WAYS = {
    "queued": (),
    "running": ("claim",),
    "cancelling": ("claim", "request_cancel"),
    "retry_wait": ("claim", "back_off"),
    "succeeded": ("claim", "succeed"),
    "gate_failed": ("claim", "checkpoint", "reject_gate"),
    "waiting_gate": ("claim", "open_gate"),
}


def run_in(status: str) -> Run:
    """Return a run that came to this state by rows."""
    story = Story()
    for name in WAYS[status]:
        if name == "claim":
            story.add(*decide.claimed(story.run, worker="w", until=NOON))
        elif name == "checkpoint":
            story.add(
                schema.CheckpointCaptured(
                    checkpoint_id="cp_1", kind="gate_failed", step="one", digest="d"
                )
            )
        else:
            story.move(name)
    return story.run


RAW: dict[str, tuple[str, JSON]] = {
    "status alone": ("queued", {"$set": {"status": "succeeded"}}),
    "status of a run that waits": ("waiting_gate", {"$set": {"status": "succeeded"}}),
    "status with its fields": (
        "queued",
        {"$set": {"status": "succeeded", "finished_at": NOON, "active": False}},
    ),
    "a state that follows from no row": (
        "queued",
        {
            "$set": {"status": "succeeded", "finished_at": NOON, "active": False},
            "$push": {"trail": "succeeded"},
        },
    ),
    "a trail that goes on without the status": (
        "queued",
        {"$push": {"trail": "running"}},
    ),
    "a way out of an end": (
        "succeeded",
        {
            "$set": {"status": "queued", "active": True},
            "$unset": {"finished_at": 1},
            "$push": {"trail": "queued"},
        },
    ),
    "a trail that is emptied": ("queued", {"$set": {"trail": []}}),
    "a trail that is no list": ("queued", {"$set": {"trail": "queued"}}),
    "a trail that grows too long": (
        "queued",
        {"$set": {"trail": ["running", "queued"] * (TRAIL // 2 + 1)}},
    ),
    "running without a lease": ("running", {"$unset": {"lease": 1}}),
    "running under half a lease": ("running", {"$unset": {"lease.until": 1}}),
    "cancelling without a lease": ("cancelling", {"$unset": {"lease": 1}}),
    "a lease on what waits": (
        "queued",
        {"$set": {"lease": {"owner": "w", "until": NOON}}},
    ),
    "a lease on what has ended": (
        "succeeded",
        {"$set": {"lease": {"owner": "w", "until": NOON}}},
    ),
    "an end without its time": ("succeeded", {"$unset": {"finished_at": 1}}),
    "a time of end on what goes on": ("running", {"$set": {"finished_at": NOON}}),
    "a failed gate without a checkpoint": (
        "gate_failed",
        {"$unset": {"checkpoint_id": 1}},
    ),
    "an active run that says it is not": ("queued", {"$set": {"active": False}}),
    "an ended run that says it is active": ("succeeded", {"$set": {"active": True}}),
    "a run on its way out that says it is active": (
        "cancelling",
        {"$set": {"active": True}},
    ),
    "a state that nobody knows": (
        "queued",
        {"$set": {"status": "asleep"}, "$push": {"trail": "asleep"}},
    ),
    "a head before the first": ("queued", {"$set": {"head_seq": 0}}),
    "no fence": ("queued", {"$unset": {"fence": 1}}),
    "due at no time": ("queued", {"$set": {"due_at": "soon"}}),
}


@pytest.mark.parametrize(("status", "change"), RAW.values(), ids=RAW.keys())
async def test_a_raw_change_of_a_run_is_refused(
    database: Database, refused: Refused, status: str, change: JSON
) -> None:
    """Whoever writes past the runner cannot make a run say what it is not."""
    document = document_of(run_in(status))
    await database.db["runs"].insert_one(document)
    await refused(database.db["runs"].update_one({"_id": "run_1"}, change))
    assert await database.db["runs"].find_one({"_id": "run_1"}) == document


@pytest.mark.parametrize("status", WAYS)
async def test_a_run_in_every_state_is_taken(database: Database, status: str) -> None:
    """And its next states as well, by the projection's own way of writing."""
    run = run_in(status)
    projection = RunProjection(database)
    await projection.save(run)
    for name, from_, _ in RUN.rows():
        if from_ != status or name == "reject_gate":
            continue
        await database.db["runs"].delete_many({})
        await projection.save(run)
        draft = decide.draft(run, [decide.moved(run, name, actor="w")], NOON)
        moved = evolve(run, committed(draft))
        await projection.save(moved)
        assert await projection.get(run.id) == document_of(moved)


async def test_a_long_trail_is_still_judged(
    database: Database, refused: Refused
) -> None:
    """A run that moved more often than the trail is long keeps its guard."""
    story = Story()
    for _ in range(TRAIL):
        story.move("claim", "lose_lease")
    await RunProjection(database).save(story.run)
    change: JSON = {
        "$push": {"trail": {"$each": ["dead"], "$slice": -TRAIL}},
        "$set": {"status": "dead", "finished_at": NOON, "active": False},
    }
    await refused(database.db["runs"].update_one({"_id": "run_1"}, change))


async def test_one_active_run_a_head_and_pipeline(database: Database) -> None:
    """Ended runs and those on their way out stand in nobody's way."""
    runs = database.db["runs"]
    active = document_of(run_in("queued"))
    await runs.insert_one(active)
    with pytest.raises(DuplicateKeyError):
        await runs.insert_one(active | {"_id": "run_2"})
    for number, status in enumerate(("succeeded", "cancelling"), start=3):
        await runs.insert_one(document_of(run_in(status)) | {"_id": f"run_{number}"})
    others: tuple[JSON, ...] = (
        {"pipeline": "another"},
        {"pull": 8},
        {"head_sha": "c" * 40},
        {"repository": "octo/world"},
    )
    for number, other in enumerate(others, start=10):
        await runs.insert_one(active | other | {"_id": f"run_{number}"})


async def test_an_older_state_never_overwrites_a_newer(database: Database) -> None:
    """Writers that come late change nothing."""
    story = Story()
    older = story.run
    newer = story.move("cancel")
    projection = RunProjection(database)
    await projection.save(newer)
    await projection.save(older)
    assert await projection.get("run_1") == document_of(newer)


async def test_of_states_saved_at_once_the_newest_stays(database: Database) -> None:
    """A run is released and cancelled in one moment: the end must not get lost."""
    story = Story()
    states = [story.run, story.move("claim"), story.move("back_off")]
    states.append(story.move("cancel"))
    projection = RunProjection(database)
    for _ in range(20):
        await database.db["runs"].delete_many({})
        await asyncio.gather(*(projection.save(run) for run in states))
        assert await projection.get("run_1") == document_of(states[-1])


async def test_steps_and_effects_of_a_real_walk_are_taken(database: Database) -> None:
    """What the rules make of a walk passes the validator whole."""
    story = Story()
    story.move("claim")
    story.add(*step_moves.step_started(story.run, "one"))
    story.add(part_moves.effect_intended(story.run, "k", "note", "d"))
    story.add(part_moves.effect_reconciled(story.run, "k", None))
    story.add(
        part_moves.effect_intended(story.run, "k", "note", "d"),
        part_moves.effect_performed("k", {"id": 1}),
    )
    story.add(*decide.taken_back(story.run, fence=1, reason="silence"))
    await database.db["journal"].insert_many(
        [commit.document() for commit in story.commits]
    )
