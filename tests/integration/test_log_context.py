"""Each line names what it was logged in, from the webhook to the last step."""

from core.runs.kept_logs import logged_tries
from tests.fakes.log_lines import production_log
from tests.fakes.road import REPO, Road


async def test_lines_name_their_request_delivery_run_and_step(road: Road) -> None:
    """GitHub fails once under a delivery and once under a step, and both are told."""
    road.github.faults.add(kind="502", method="GET", path=r"/pulls/\d+$", times=1)
    road.github.faults.add(kind="502", path="/compare/", times=1)
    with production_log() as logged:
        number = await road.open_pull()
        await road.until_checked(number)
        (run,) = await road.until_runs_end()
        await road.until_quiet()
    run_id = str(run["_id"])
    (received,) = [
        one
        for one in logged.lines("delivery.received")
        if one["github_event"] == "pull_request"
    ]
    guid = received["delivery_id"]
    assert received["request_id"].startswith("req_")
    assert "run_id" not in received
    (worked,) = [
        one for one in logged.lines("inbox.worked") if one["delivery_id"] == guid
    ]
    assert "request_id" not in worked
    under_delivery, under_step = logged.lines("github.retrying")
    assert under_delivery["delivery_id"] == guid
    assert (under_step["run_id"], under_step["step"]) == (run_id, "snapshot")
    assert "delivery_id" not in under_step
    assert {one["run_id"] for one in logged.lines("step.finished")} == {run_id}
    assert road.bot is not None
    runs = road.bot.base.runs
    snapshot, *_ = logged_tries(await runs.history(run_id))
    lines, left_out = await runs.logs.read(snapshot.digest)
    assert (snapshot.step, left_out) == ("snapshot", 0)
    assert "github.retrying" in [one["event"] for one in lines]


async def test_a_line_leads_from_a_delivery_to_its_run_and_another_to_its_end(
    road: Road,
) -> None:
    """What is only the echo of the bot's own words is not told at this level."""
    with production_log() as logged:
        number = await road.open_pull()
        await road.until_checked(number)
        (run,) = await road.until_runs_end()
        await road.github.close_pull(REPO, number)
        await road.until_quiet()
    (opened, _closed) = logged.lines("delivery.received")
    (asked,) = logged.lines("run.asked")
    assert asked["delivery_id"] == opened["delivery_id"]
    assert (asked["run_id"], asked["repository"]) == (run["_id"], REPO)
    (ended,) = logged.lines("run.ended")
    assert (ended["run_id"], ended["status"]) == (run["_id"], "cancelled")
    assert (ended["level"], ended["pull"]) == ("info", number)
    assert ended["reason"] == "the pull request was closed"
    assert {one["level"] for one in logged.lines()} == {"info"}


async def test_a_run_keeps_more_than_the_log_shows(road: Road) -> None:
    """Who reads a run's log finds what it asked of GitHub and what ran for it."""
    with production_log() as logged:
        number = await road.open_pull()
        await road.until_checked(number)
        (run,) = await road.until_runs_end()
    assert road.bot is not None
    runs = road.bot.base.runs
    found: dict[str, set[str]] = {}
    for one in logged_tries(await runs.history(str(run["_id"]))):
        lines, _ = await runs.logs.read(one.digest)
        found[one.step] = {line["event"] for line in lines}
    assert found["snapshot"] == {"github.answered"}
    assert "sandbox.ended" in found["review"]
    assert "github.answered" in found["publish"]
    for name in ("github.answered", "sandbox.ended"):
        assert logged.lines(name) == []
