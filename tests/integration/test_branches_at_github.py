"""What GitHub shows of branches: nothing, until one is asked to speak."""

from typing import Any

from bot.api.parts import verification
from bot.operations import Begun
from core.checkpoints.resolutions import Choice
from tests.fakes.road import REPO, Road


def shown(road: Road, number: int) -> dict[str, Any]:
    """Return what stands on the pull request and its head, as far as nofx wrote it."""
    return {
        "comments": [one["id"] for one in road.github.review_comments(REPO, number)],
        "summaries": road.summaries(number),
        "checks": road.github.check_runs(REPO, road.head(number)),
    }


async def reviewed(road: Road) -> tuple[int, str]:
    """Return a pull request that was reviewed, and its run."""
    number = await road.open_pull()
    await road.until_checked(number)
    (run,) = await road.until_runs_end()
    return number, str(run["_id"])


async def branched(road: Road, run_id: str, step: str, **overrides: object) -> Begun:
    """Branch silently from where a step began, and wait until it rests."""
    assert road.bot is not None
    past = await road.bot.base.branches.past_step(run_id, step)
    begun = await road.bot.operations.branch(
        run_id,
        past.checkpoint.checkpoint_id,
        overrides=dict(overrides),
        publish=False,
        actor="alice",
        reason="another threshold",
    )
    await road.until_runs_end()
    return begun


async def test_a_branch_changes_nothing_at_github(road: Road) -> None:
    """It comes to a verdict of its own, which is seen here alone."""
    number, run_id = await reviewed(road)
    before = shown(road, number)
    begun = await branched(road, run_id, "verify", min_confidence=1.0)
    assert begun.steps == ("snapshot", "analyze", "review")
    assert shown(road, number) == before
    assert road.bot is not None
    branch = await road.bot.base.runs.load(begun.run.id)
    assert (branch.status, branch.conclusion) == ("succeeded", "success")
    base = road.bot.base
    proof = await verification(base.runs.journal, base.blobs, branch.id)
    assert proof.reason is None
    origin = await road.bot.base.runs.load(run_id)
    assert (origin.status, origin.conclusion) == ("gate_failed", "failure")


async def test_what_was_done_in_silence_is_done_again_aloud(road: Road) -> None:
    """A branch that speaks does not take a silent one's word for what was posted."""
    number, run_id = await reviewed(road)
    before = shown(road, number)
    silent = await branched(road, run_id, "review", min_confidence=1.0)
    assert road.bot is not None
    run = await road.bot.base.runs.load(silent.run.id)
    loud = await road.bot.operations.branch(
        run.id,
        run.checkpoint_id or "",
        overrides={},
        publish=True,
        actor="alice",
        reason="this is the better one",
    )
    assert loud.steps == ("snapshot", "analyze", "review", "verify")
    await road.until(lambda: len(road.github.check_runs(REPO, road.head(number))) == 2)
    check = await road.until_checked(number)
    assert check["conclusion"] == "success"
    after = shown(road, number)
    assert after["comments"] == before["comments"]
    assert len(after["summaries"]) == 1
    assert after["summaries"] != before["summaries"]


async def test_a_value_that_no_step_can_use_is_named(road: Road) -> None:
    """The merged run fails for what somebody put there, which is no bug of nofx."""
    _, run_id = await reviewed(road)
    assert road.bot is not None
    runs, operations = road.bot.base.runs, road.bot.operations
    sides = [
        (await branched(road, run_id, "verify", min_confidence=least)).run.id
        for least in (0.0, 1.0)
    ]
    plan = await road.bot.base.merges.plan(*sides, base=None, actor="alice")
    choices: dict[str, Choice] = {one.id: "ours" for one in plan.conflicts}
    choices |= {one.id: {"value": 7} for one in plan.merged.conflicts}
    await operations.settle(plan.merge.id, choices, actor="alice")
    _, begun = await operations.commit(
        plan.merge.id, publish=False, actor="alice", reason="see"
    )
    await road.until_runs_end()
    ended = await runs.load(begun.run.id)
    assert ended.status == "failed"
    assert "state cannot be used: /judged_blob: Input should be" in ended.outcome
