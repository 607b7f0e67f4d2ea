"""Each line names what it was logged in, from the webhook to the last step."""

from core.runs.kept_logs import logged_tries
from tests.fakes.log_lines import production_log
from tests.fakes.road import Road


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
    (kept,) = logged_tries(await runs.history(run_id))
    lines, left_out = await runs.logs.read(kept.digest)
    assert ([one["event"] for one in lines], left_out) == (["github.retrying"], 0)
