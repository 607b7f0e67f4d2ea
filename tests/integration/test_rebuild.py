"""Projections made anew from the journal are the live ones; what differed is told."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.migration import bring_up_to_date
from bot.settings import load_settings
from core.errors import GitHubUnavailableError
from core.events.base import JSON
from core.runs.pipeline import StepContext
from core.runs.rebuild import rebuild_runs
from core.runs.retries import Retries, Retry
from core.store.database import Database
from tests.fakes.clock import NOON
from tests.fakes.stage import HASTY, QUICK, Stage, staged, subject

PATIENT = replace(
    HASTY, retries=Retries(rest=Retry(base=600), by_error={}), chance=lambda: 1.0
)


@pytest.fixture
async def stage(database: Database) -> Stage:
    """Give a stage with the steps `one` and `two`."""
    return await staged(database)


async def runs_of(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return every run's document by its id."""
    found = await stage.database.db["runs"].find({}).to_list(None)
    return {one["_id"]: one for one in found}


async def away(_: StepContext) -> JSON:
    """Act as if GitHub were away."""
    raise GitHubUnavailableError(method="GET", path="/", reason="no route")


async def crash(_: StepContext) -> JSON:
    """Act as a step with a bug does."""
    raise ZeroDivisionError


async def populated(stage: Stage) -> dict[str, str]:
    """Bring one run each to several states; returns their ids by state."""
    ids: dict[str, str] = {}
    acts = stage.pipeline.by_name["one"].acts
    for number, (status, act) in enumerate(
        {"succeeded": acts[0], "retry_wait": away, "failed": crash}.items(), start=1
    ):
        stage.pipeline.script("one", act)
        ids[status] = await stage.ask(pull=number)
        await stage.worker(limits=PATIENT).work_one()
    ids["cancelled"] = await stage.ask(pull=10)
    await stage.runs.cancel(ids["cancelled"], actor="a", reason="r", by_run="run_x")
    ids["queued"] = await stage.ask(pull=11)

    async def hang(_: StepContext) -> JSON:
        begun.set()
        await asyncio.Event().wait()
        return {}

    begun = asyncio.Event()
    stage.pipeline.script("one", hang)
    ids["running"] = await stage.ask(pull=12)
    # A heartbeat that was sent can land after its task was cancelled: there is none.
    silent = stage.worker(pace=replace(QUICK, heartbeat=60))
    doomed = asyncio.create_task(silent.work_on(ids["running"]))
    await begun.wait()
    doomed.cancel()
    await asyncio.gather(doomed, return_exceptions=True)
    await stage.runs.projector.drain()
    return ids


async def test_live_projections_need_no_rebuilding(stage: Stage) -> None:
    """Whatever runs went through, nothing differs from the fold of their events."""
    ids = await populated(stage)
    before = await runs_of(stage)
    assert {before[run_id]["status"]: run_id for run_id in ids.values()} == ids
    assert await rebuild_runs(stage.database, stage.runs) == []
    assert await runs_of(stage) == before


async def test_lost_projections_come_back_whole(stage: Stage) -> None:
    """All but the heartbeats, which no journal holds: a lease is the claim's again."""
    ids = await populated(stage)
    before = await runs_of(stage)
    held, later = ids["running"], NOON.replace(year=2100)
    await stage.database.db["runs"].update_one(
        {"_id": held}, {"$set": {"lease.until": later, "due_at": later}}
    )
    await stage.database.db["runs"].delete_many({})
    said = await rebuild_runs(stage.database, stage.runs)
    assert [one.partition(":")[0] for one in said] == sorted(ids.values())
    after = await runs_of(stage)
    assert after == before
    assert await rebuild_runs(stage.database, stage.runs) == []


@pytest.mark.parametrize(
    ("status", "change", "words"),
    [
        ("queued", {"$set": {"repository": "evil/twin"}}, "replace /repository"),
        ("queued", {"$set": {"outcome": "lies", "extra": 1}}, "remove /extra"),
        ("succeeded", {"$set": {"head_seq": 99}}, "replace /head_seq"),
        ("succeeded", {"$set": {"finished_at": NOON}}, "replace /finished_at"),
        ("succeeded", {"$set": {"steps": {}}}, "add /steps/one"),
        ("retry_wait", {"$set": {"due_at": NOON}}, "replace /due_at"),
        ("running", {"$set": {"fence": 7}}, "replace /fence"),
        (
            "running",
            {
                "$set": {"status": "queued"},
                "$unset": {"lease": 1},
                "$push": {"trail": "queued"},
            },
            "replace /status",
        ),
        (
            "cancelled",
            {
                "$set": {"status": "queued", "active": True, "trail": ["queued"]},
                "$unset": {"finished_at": 1},
            },
            "add /finished_at",
        ),
    ],
)
async def test_what_was_tampered_with_is_mended_and_named(
    stage: Stage, status: str, change: dict[str, Any], words: str
) -> None:
    """The journal is the truth, whatever somebody wrote into the projection."""
    ids = await populated(stage)
    before = await runs_of(stage)
    run_id = ids[status]
    await stage.database.db["runs"].update_one({"_id": run_id}, change)
    assert await runs_of(stage) != before
    (said,) = await rebuild_runs(stage.database, stage.runs)
    assert said.startswith(f"{run_id}: ")
    assert words in said
    after = await runs_of(stage)
    assert after == before
    assert await rebuild_runs(stage.database, stage.runs) == []


async def test_a_lease_is_left_to_its_heartbeats(stage: Stage) -> None:
    """A worker that goes on meanwhile does not lose its run to a rebuild."""
    ids = await populated(stage)
    held = ids["running"]
    later = NOON.replace(year=2100)
    await stage.database.db["runs"].update_one(
        {"_id": held},
        {"$set": {"lease.until": later, "due_at": later, "outcome": "lies"}},
    )
    (said,) = await rebuild_runs(stage.database, stage.runs)
    assert "due_at" not in said
    shown = await stage.shown(held)
    assert (shown["outcome"], shown["lease"]["until"], shown["due_at"]) == (
        *("", later, later),
    )


async def test_a_document_of_no_run_is_removed(stage: Stage) -> None:
    """It stood in the way of a real run."""
    run_id = await stage.ask()
    await stage.database.db["journal"].delete_many({"stream": f"run/{run_id}"})
    (said,) = await rebuild_runs(stage.database, stage.runs)
    assert said == f"{run_id}: removed, for the journal has no such run"
    assert await runs_of(stage) == {}


async def test_a_second_active_run_of_a_head_is_left_out(stage: Stage) -> None:
    """It was decided on and never released; its delivery will come again."""
    first = await stage.ask()
    second = await stage.runs.request(subject(), "comment/1", again=True)
    (said,) = await rebuild_runs(stage.database, stage.runs)
    assert said.startswith(f"{second.run_id}: left out: Run {first} of octo/hello#1")
    assert set(await runs_of(stage)) == {first}


async def test_migrate_rebuilds_when_asked(
    stage: Stage, mongodb_url: str, tmp_path: Path
) -> None:
    """`nofx migrate --rebuild` says what it mended, and without it mends nothing."""
    run_id = await stage.ask()
    await stage.database.db["runs"].update_one({}, {"$set": {"outcome": "lies"}})
    url = f"{mongodb_url}{stage.database.db.name}?retryWrites=false"
    settings = load_settings(None, mongodb_url=url, cache_dir=tmp_path)
    said = await bring_up_to_date(settings, rebuild=False)
    assert [one for one in said if run_id in one] == []
    said = await bring_up_to_date(settings, rebuild=True)
    assert said == [f"{run_id}: replace /outcome"]
    assert (await stage.shown(run_id))["outcome"] == ""
    assert await bring_up_to_date(settings, rebuild=True) == []
