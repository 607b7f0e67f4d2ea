"""LangGraph's conformance suite judges our checkpoint store, all capabilities of it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from langgraph.checkpoint.conformance import validate
from langgraph.checkpoint.conformance.capabilities import Capability
from langgraph.checkpoint.conformance.initializer import RegisteredCheckpointer

from core.checkpoints.capture import INLINE_BYTES, Checkpoints
from core.checkpoints.chain import verify_run
from core.clock import Ids
from core.events.commit import Draft
from core.events.journal import Journal
from core.events.journal_schema import COLLECTION
from core.events.schema import CheckpointRedacted
from core.events.writers import WRITERS
from core.runs.constraints import collections
from core.store.blobs import BLOBS, GRACE, Blobs
from core.store.database import Database
from core.store.garbage import Swept, collect
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.fakes.clock import FakeClock
from tests.judges.langgraph_saver import JournalSaver
from tests.judges.langgraph_threads import Threads

pytestmark = pytest.mark.judge


@pytest.fixture
async def journal(database: Database, clock: FakeClock) -> Journal:
    """Give the journal of a migrated database."""
    needed = (*collections(), WRITERS, *BLOBS)
    await migrate(database, Schema(version=1, collections=needed))
    return Journal(database, clock=clock, ids=Ids(clock))


@pytest.fixture
def saver(database: Database, journal: Journal, clock: FakeClock) -> JournalSaver:
    """Give LangGraph's saver over our store."""
    blobs = Blobs(database, clock=clock)
    checkpoints = Checkpoints(blobs=blobs, ids=Ids(clock), mask=lambda state: state)
    return JournalSaver(Threads(journal, checkpoints, blobs, clock))


async def test_every_capability_passes(
    saver: JournalSaver, journal: Journal, database: Database
) -> None:
    """And what was deleted on the way has left tombstones in a history that proves."""

    async def one() -> AsyncGenerator[JournalSaver, None]:
        yield saver

    report = await validate(RegisteredCheckpointer("nofx", one))
    report.print_report()
    assert {name: each.failures for name, each in report.results.items()} == {
        each.value: [] for each in Capability
    }
    assert all(each.passed for each in report.results.values())
    assert report.conformance_level() == "FULL"
    found = [each async for each in database.db[COLLECTION].find({})]
    for stream in {each["stream"] for each in found}:
        documents = await journal.documents(stream)
        await verify_run(documents, Blobs(database))
        gone = redacted(documents)
        assert not [each for each in documents if carries(each, gone)]
    assert any(redacted([each]) for each in found)


def redacted(documents: list[dict[str, Any]]) -> set[str]:
    """Return the checkpoints that have a tombstone."""
    return {
        event["data"]["checkpoint_id"]
        for document in documents
        for event in document["events"]
        if event["type"] == "checkpoint.redacted"
    }


def carries(document: dict[str, Any], ids: set[str]) -> bool:
    """Return whether an entry still has the state of one of these checkpoints."""
    named = {event["data"].get("checkpoint_id") for event in document["events"]}
    return "state" in document and not named.isdisjoint(ids)


def place(thread: str = "t") -> RunnableConfig:
    """Return where a thread's newest checkpoint is, or the next one goes."""
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}


async def put(saver: JournalSaver, values: dict[str, Any]) -> RunnableConfig:
    """Put a checkpoint of these values on the thread `t`."""
    checkpoint = {**empty_checkpoint(), "channel_values": values}
    return await saver.aput(place(), cast("Checkpoint", checkpoint), {"step": 1}, {})


@pytest.mark.parametrize("padding", ["", "x" * INLINE_BYTES], ids=["inline", "blob"])
async def test_values_come_back_as_they_were(saver: JournalSaver, padding: str) -> None:
    """Of every kind, under any name, in the journal as in the blobs."""
    values = {
        "": None,
        "a.b": [1, 1.0, True],
        "$set": {"$gt": {"": b"\x00\xff"}},
        "branch:to:é\u0000": {"set": {1, 2}, "big": 2**60, "padding": padding},
    }
    stored = await put(saver, values)
    found = await saver.aget_tuple(stored)
    assert found is not None
    assert found.checkpoint["channel_values"] == values
    kinds = [type(one) for one in found.checkpoint["channel_values"]["a.b"]]
    assert kinds == [int, float, bool]


async def test_no_writer_on_one_thread_is_lost(saver: JournalSaver) -> None:
    """Tasks that write at one moment each find a place of their own in the stream."""
    stored = await put(saver, {})
    tasks = [f"task-{number}" for number in range(20)]
    await asyncio.gather(
        *(saver.aput_writes(stored, [("ch", task)], task) for task in tasks)
    )
    found = await saver.aget_tuple(stored)
    assert found is not None
    assert found.pending_writes == [(task, "ch", task) for task in sorted(tasks)]


async def test_a_deletion_that_died_is_finished_by_the_next(
    saver: JournalSaver, journal: Journal
) -> None:
    """The tombstone is there and the state still stands: it is erased all the same."""
    stored = await put(saver, {"secret": "hunter2"})
    (head,) = await journal.read("thread/t")
    key = f"/{stored['configurable']['checkpoint_id']}"
    tombstone = CheckpointRedacted(
        checkpoint_id=key, digest="d", actor="alice", reason="leaked"
    )
    await journal.append(
        Draft(
            stream="thread/t",
            seq=2,
            time=head.time,
            events=(tombstone,),
            prev_hash=head.stored_hash,
        )
    )
    assert await saver.aget_tuple(place()) is None
    await saver.adelete_thread("t")
    assert [one.state for one in await journal.read("thread/t")] == [None, None]


async def test_a_copy_outlives_its_source(
    saver: JournalSaver, database: Database, clock: FakeClock
) -> None:
    """A large state stands in the blobs once for both, and goes with the last."""
    await put(saver, {"big": "x" * INLINE_BYTES})
    await saver.acopy_thread("t", "u")
    clock.jump(GRACE.total_seconds() + 1)
    await saver.adelete_thread("t")
    assert await collect(database, clock) == Swept(kept=1, deleted=0, bytes=0)
    assert await saver.aget_tuple(place("t")) is None
    found = await saver.aget_tuple(place("u"))
    assert found is not None
    assert found.checkpoint["channel_values"] == {"big": "x" * INLINE_BYTES}
    await saver.adelete_thread("u")
    assert (await collect(database, clock)).deleted == 1


async def test_what_the_store_cannot_do_is_refused(saver: JournalSaver) -> None:
    """An unknown strategy deletes nothing, and nothing is listed without a name."""
    stored = await put(saver, {})
    with pytest.raises(ValueError, match="keep_oldest"):
        await saver.aprune(["t"], strategy="keep_oldest")
    assert await saver.aget_tuple(stored) is not None
    with pytest.raises(NotImplementedError, match="name a thread"):
        await anext(aiter(saver.alist(None)))
