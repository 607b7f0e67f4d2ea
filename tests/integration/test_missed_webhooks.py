"""What GitHub could not deliver is asked for again, and reviewed all the same."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from structlog.testing import capture_logs

from bot.simulator.simulator import Simulator
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.missed import EVERY, Missed
from core.store.roles import Roles
from tests.fakes.clock import FakeClock
from tests.fakes.road import CLEAN, REPO, RISKY, Road, built_road, driving

NOWHERE = "http://127.0.0.1:9/webhooks/github"


def looking(
    road: Road,
    *,
    hours: float = 0,
    holder: str = "one",
    clock: FakeClock | None = None,
) -> Missed:
    """Return what looks for missed webhooks on a road, so many hours from now."""
    assert road.bot is not None
    base = road.bot.base
    clock = clock or FakeClock(base.clock.now() + timedelta(hours=hours))
    return Missed(
        road.bot.app,
        Deliveries(base.database, clock=base.clock),
        Roles(base.database, clock=clock),
        holder=holder,
        clock=clock,
    )


def failed(github: Simulator) -> list[str]:
    """Return the GUIDs of what was never taken, each as often as it failed."""
    return [one.guid for one in github.deliveries if one.status_code != 202]


async def test_a_pull_request_that_was_opened_while_nofx_was_down_is_reviewed(
    tmp_path: Path, mongodb_url: str
) -> None:
    """Everything that came meanwhile is worked once, and only the newest head read."""
    async with built_road(tmp_path, mongodb_url, "missed") as road:
        road.github.set_webhook_url(NOWHERE)
        number = await road.open_pull()
        await road.push(number, {"app.py": RISKY + "# more\n"})
        await road.github.settled()
        assert len(failed(road.github)) >= 2
        async with driving(road):
            assert await looking(road, hours=1).look() == len(set(failed(road.github)))
            await road.github.settled()
            check = await road.until_checked(number)
            assert check["conclusion"] == "failure"
            await road.until_quiet()
            assert len(road.github.review_comments(REPO, number)) == 1
            runs = await road.until_runs_end()
            at_rest = [one for one in runs if one["status"] == "gate_failed"]
            assert [one["head_sha"] for one in at_rest] == [road.head(number)]
            # What is here is not asked for, though GitHub's record of it stays.
            assert await looking(road, hours=2, holder="two").look() == 0


async def test_one_process_looks_for_all(road: Road) -> None:
    """And another one the next time."""
    assert road.bot is not None
    road.github.set_webhook_url(NOWHERE)
    await road.open_pull()
    await road.github.settled()
    missing = len(set(failed(road.github)))
    assert await looking(road, hours=1).look() == missing
    assert await looking(road, hours=1, holder="two").look() == 0
    later = 1 + (EVERY + 1) / 3600
    await road.github.settled()
    assert len(failed(road.github)) == 2 * missing
    assert await looking(road, hours=later, holder="two").look() == missing


async def test_what_is_too_old_or_was_taken_is_left_alone(road: Road) -> None:
    """GitHub hangs up on some that are here: those are not asked for."""
    assert road.bot is not None
    number = await road.open_pull()
    await road.until_checked(number)
    await road.until_quiet()
    for one in road.github.deliveries:
        one.status_code = 0
    assert await looking(road, hours=1).look() == 0
    road.github.set_webhook_url(NOWHERE)
    await road.push(number, {"app.py": CLEAN})
    await road.github.settled()
    assert await looking(road, hours=73, holder="two").look() == 0


async def test_one_that_github_refuses_keeps_no_other_back(road: Road) -> None:
    """It is logged with what GitHub said; the rest are asked for in the same look."""
    road.github.set_webhook_url(NOWHERE)
    number = await road.open_pull()
    await road.push(number, {"app.py": CLEAN})
    await road.github.settled()
    missing = len(set(failed(road.github)))
    assert missing >= 2
    road.github.faults.add(kind="404", method="POST", path=r"/attempts$", times=1)
    with capture_logs() as logged:
        assert await looking(road, hours=1).look() == missing - 1
    (said,) = [one for one in logged if one["event"] == "webhook.not_asked_again"]
    assert "/attempts" in said["reason"]


async def test_an_outage_with_many_failures_is_worked_to_its_end(road: Road) -> None:
    """The failures of what has arrived since do not hide the older ones."""
    assert road.bot is not None
    taken = await road.open_pull()
    await road.until_checked(taken)
    await road.until_quiet()
    (arrived, *_) = [one for one in road.github.deliveries if one.status_code == 202]
    road.github.set_webhook_url(NOWHERE)
    await road.push(taken, {"app.py": CLEAN})
    await road.github.settled()
    missing = len(set(failed(road.github)))
    last = max(one.id for one in road.github.deliveries)
    road.github.deliveries.extend(
        replace(arrived, id=last + count, status_code=504) for count in range(1, 1200)
    )
    assert await looking(road, hours=1).look() == missing


async def test_github_away_is_said_and_tried_again(road: Road) -> None:
    """It ends nothing that runs beside it."""
    road.github.faults.add(kind="422", path=r"/app/hook/deliveries", times=100)
    clock = FakeClock()
    missed = looking(road, clock=clock)
    with capture_logs() as logged:
        running = asyncio.create_task(missed.run())
        for _ in range(3):
            await clock.sleeping()
            await clock.advance(EVERY)
        await clock.sleeping()
        missed.stop()
        await running
    said = [one for one in logged if one["event"] == "webhooks.not_looked_for"]
    assert len(said) >= 2
    assert "/app/hook/deliveries" in said[0]["reason"]
