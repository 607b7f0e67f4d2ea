"""What differs between two reviews: what they say, and not what was measured."""

from tests.fakes.road import RISKY, Road
from tests.integration.test_branches_at_github import branched, reviewed


async def test_the_same_review_twice_differs_in_noise_alone(road: Road) -> None:
    """Seconds, and the run's name in its report, are no difference."""
    _, run_id = await reviewed(road)
    begun = await branched(road, run_id, "snapshot")
    assert road.bot is not None
    found = await road.bot.base.comparing.runs(run_id, begun.run.id)
    told = {one.step: one.status for one in found.steps}
    alike = ("snapshot", "analyze", "review", "verify")
    assert [told[one] for one in alike] == ["same"] * 4
    first, last = await last_of(road, run_id), await last_of(road, begun.run.id)
    whole = await road.bot.base.comparing.against(
        begun.run.id, last, f"{run_id}:{first}"
    )
    artifacts = {one.name: one for one in whole.artifacts}
    assert artifacts["report"].noise
    # The branch is silent, so what is on the pull request is the other's alone.
    meant = {one.path.split("/")[1] for one in whole.state.changes if not one.noise}
    assert meant <= {"comments", "summarised"}


async def last_of(road: Road, run_id: str) -> str:
    """Return the last checkpoint of a run."""
    assert road.bot is not None
    run = await road.bot.base.runs.load(run_id)
    assert run.checkpoint_id is not None
    return run.checkpoint_id


async def test_a_pushed_change_is_where_two_reviews_part(road: Road) -> None:
    """The first step that saw another change is told, with its artifacts' lines."""
    number, run_id = await reviewed(road)
    await road.push(number, {"app.py": RISKY + "\n\nprint(1)\n"})
    await road.until_checked(number)
    second = str((await road.until_runs_end())[-1]["_id"])
    assert road.bot is not None
    found = await road.bot.base.comparing.runs(run_id, second)
    assert found.first is not None
    assert found.first.after.step == "snapshot"
    artifacts = {one.name: one for one in found.first.artifacts}
    assert "\n++print(1)" in artifacts["diff"].text
