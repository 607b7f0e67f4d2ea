"""What a run that was worked leaves behind for whoever asks why."""

import asyncio
import json
from datetime import timedelta

from bot.version import running_program
from core.clock import SystemClock
from core.events.base import JSON, Payload
from core.events.schema import (
    ModelCalled,
    RunStateChanged,
    StepFinished,
    StepRetried,
)
from core.runs.exchanges import asked_tries
from core.runs.usage import usage_of
from core.store.blobs import Digest
from core.store.garbage import collect
from tests.fakes.ahead import AheadClock
from tests.fakes.road import Road

TOKEN = "ghp_" + "kT4mQ9xW2rL7vB5nZ8cJ3hF6dS1gP0aYeUiO"


async def history(road: Road) -> tuple[str, list[Payload]]:
    """Return the newest run's id and its events."""
    assert road.bot is not None
    run_id = str((await road.until_runs_end())[-1]["_id"])
    commits = await road.bot.base.runs.history(run_id)
    return run_id, [event for commit in commits for event in commit.events]


async def exchanges(road: Road, run_id: str, step: str) -> list[JSON]:
    """Return what a step asked of GitHub."""
    assert road.bot is not None
    runs = road.bot.base.runs
    found: list[JSON] = []
    for one in asked_tries(await runs.history(run_id)):
        if one.step == step:
            lines, left_out = await runs.exchanges.read(one.digest)
            assert left_out == 0
            found += lines
    return found


async def until_put_off(road: Road) -> StepRetried:
    """Wait until a step was put off for an error, and return how."""
    assert road.bot is not None
    async with asyncio.timeout(30):
        while True:
            for run in await road.runs():
                for commit in await road.bot.base.runs.history(run["_id"]):
                    for event in commit.events:
                        if isinstance(event, StepRetried) and event.failure is not None:
                            return event
            await asyncio.sleep(0.05)


async def test_a_refusal_is_kept_with_question_and_answer(road: Road) -> None:
    """Its status, its place and both bodies, without the token that one quotes."""
    assert road.bot is not None
    road.github.faults.add(
        kind="422",
        method="POST",
        path=r"/pulls/1/reviews$",
        times=9,
        words=f"No such token: {TOKEN}",
    )
    number = await road.open_pull()
    await road.until_checked(number)
    run_id, events = await history(road)
    (failed,) = [one for one in events if isinstance(one, StepFinished) and one.failure]
    assert failed.failure is not None
    assert (failed.subject, failed.failure.code) == ("publish", "github_invalid")
    assert failed.failure.status == 422
    assert failed.failure.place.startswith("bot/github/")
    assert "[masked:" in failed.failure.facts["reason"]
    assert TOKEN not in json.dumps([one.stored() for one in events])
    refused = [
        one for one in await exchanges(road, run_id, "publish") if one["status"] == 422
    ]
    assert refused[0]["method"] == "POST"
    assert refused[0]["path"].endswith("/pulls/1/reviews")
    assert refused[0]["request"]["commit_id"] == road.head(number)
    assert refused[0]["answer"]["message"].startswith("No such token: [masked:")
    assert not refused[0]["cut"]
    (listed,) = [one for one in await road.runs() if one["_id"] == run_id]
    assert listed["fingerprint"] == failed.failure.fingerprint
    now = SystemClock().now() + timedelta(minutes=1)
    alike = road.bot.base.runs.projection.of_fingerprint
    found = await alike(failed.failure.fingerprint, "octo/hello", 5, before=now)
    assert [one["_id"] for one in found] == [run_id]
    assert not await alike(failed.failure.fingerprint, "octo/other", 5, before=now)


async def test_a_limit_and_an_outage_keep_their_status(road: Road) -> None:
    """A step that is put off says what GitHub answered."""
    road.github.faults.add(
        kind="primary_limit", method="GET", path=r"/issues/1/comments$", seconds=3600
    )
    await road.open_pull()
    found = await until_put_off(road)
    assert found.failure is not None
    assert (found.failure.code, found.failure.status) == ("github_rate_limited", 403)
    assert found.failure.facts["kind"] == "primary"
    assert found.used is not None
    assert found.used.github_requests > 0


async def test_a_run_tells_by_what_it_was_decided(road: Road) -> None:
    """The reviewer's words, the program that worked it, and the policies."""
    assert road.bot is not None
    base = road.bot.base
    await road.until_checked(await road.open_pull())
    run_id, events = await history(road)
    claims = [
        one
        for one in events
        if isinstance(one, RunStateChanged) and one.transition == "claim"
    ]
    assert [one.program for one in claims] == [running_program()]
    (called,) = [one for one in events if isinstance(one, ModelCalled)]
    assert (called.step, called.bytes_sent) == ("review", 0)
    assert called.record is not None
    record = await base.blobs.get_json(Digest(called.record))
    assert record["model"] == "rules"
    assert record["request"]["files"] == ["app.py"]
    assert record["prompt"] is None
    assert record["raw"]
    state = await base.runs.state_of(await base.runs.load(run_id))
    assert state["decided_by"]["model"]["name"] == "rules"
    assert state["decided_by"]["policy"]["fail_on"] == "error"
    gates = {"approval": False, "blocking": True, "asks": []}
    assert state["decided_by"]["gates"] == gates


async def test_a_good_run_tells_what_it_used(road: Road) -> None:
    """Itself, try by try; what was read from GitHub is counted and not kept."""
    assert road.bot is not None
    base = road.bot.base
    await road.until_checked(await road.open_pull())
    run_id, _ = await history(road)
    usage = usage_of(await base.runs.history(run_id))
    assert [one.step for one in usage.tries][:2] == ["snapshot", "analyze"]
    assert all(one.measured and one.cpu_seconds > 0 for one in usage.tries)
    assert usage.totals.github_requests > 3
    assert usage.totals.github_bytes_received > 1000
    assert usage.totals.model_calls == 1
    lines = await exchanges(road, run_id, "publish")
    total = [one for one in usage.tries if one.step == "publish"]
    assert len(lines) == sum(one.github_requests for one in total)
    reads = [one for one in lines if one["method"] == "GET"]
    assert reads
    assert all(one["request"] is None and one["answer"] is None for one in reads)
    swept = await collect(base.database, AheadClock(30 * 86_400))
    assert swept.deleted == 0
