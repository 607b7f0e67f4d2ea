"""From a signed webhook to the events over HTTP, in the bot that really serves."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp

from bot.trimming import DailyTrim, trimmer_on
from core.access.tokens import Scope
from core.store.daily import DAY
from tests.fakes.clock import FakeClock
from tests.fakes.road import REPO, Road


async def events(road: Road, **query: Any) -> list[dict[str, Any]]:
    """Ask the bot for all events that fit, page by page."""
    assert road.bot is not None
    issued = await road.bot.base.tokens.create([Scope.READ], repositories=[REPO])
    headers = {"Authorization": f"Bearer {issued.secret}"}
    found: list[dict[str, Any]] = []
    async with aiohttp.ClientSession(road.bot.url, headers=headers) as session:
        while True:
            async with session.get("/events", params=query) as answer:
                assert answer.status == 200, await answer.text()
                page = await answer.json()
            found += page["events"]
            if page["next"] is None:
                return found
            query["after"] = page["next"]


async def until_told(road: Road, kind: str) -> list[dict[str, Any]]:
    """Return all events once one of a type was told."""
    async with asyncio.timeout(30):
        while True:
            found = await events(road, limit=20)
            if kind in [one["type"] for one in found]:
                return found
            await asyncio.sleep(0.05)


async def test_what_a_webhook_brought_about_is_told(road: Road) -> None:
    """The run of an opened pull request, found by its words, its pull and its run."""
    number = await road.open_pull()
    await road.until_checked(number)
    (run,) = await road.until_runs_end()
    whole = await until_told(road, "gate.verdict_recorded")
    assert {"pull.run_requested", "run.created"} <= {one["type"] for one in whole}
    assert {one["subject"] for one in whole} == {f"{REPO}#{number}"}

    story = await events(road, run_id=run["_id"], limit=500)
    assert story == [one for one in whole if one["run_id"] == run["_id"]]
    found = await events(road, q="SHELL", type="finding.*", repo=REPO, pull=number)
    assert found
    assert all(one["type"].startswith("finding.") for one in found)


async def test_events_leave_when_their_time_is_over_and_their_run_has_ended(
    road: Road,
) -> None:
    """A run that waits for a person keeps them; once it is cancelled they may go."""
    assert road.bot is not None
    number = await road.open_pull()
    await road.until_checked(number)
    (run,) = await road.until_runs_end()
    whole = await until_told(road, "gate.verdict_recorded")
    base = road.bot.base
    clock = FakeClock(base.clock.now() + timedelta(days=40), skipping=True)
    later = replace(base, clock=clock)
    trimmed = await trimmer_on(later).preview(timedelta(days=30))
    assert trimmed.reason == f"run/{run['_id']} is not over"
    await base.runs.cancel(run["_id"], actor="ann", reason="given up")
    await base.runs.projector.settled(run["_id"])

    await DailyTrim(later, days=0).once()
    assert (await events(road))[: len(whole)] == whole
    await DailyTrim(later, days=30).once()
    left = await events(road)
    assert left[0]["position"] > 1
    clock.jump(DAY - 60)
    assert not await DailyTrim(later, days=30).is_due()
    clock.jump(60)
    assert await DailyTrim(later, days=30).is_due()
