"""Commands about runs, as people give them: begin anew, put aside, go on, branch."""

from typing import Any

from core.events.schema import CheckpointCaptured
from tests.fakes.road import REPO, Road
from tests.integration.test_commands import ask, draft
from tests.integration.test_gate_commands import until_it_is


async def reviewed(road: Road) -> int:
    """Return a pull request whose review has ended at a gate."""
    number = await road.open_pull()
    await road.until_checked(number)
    await until_it_is(road, "gate_failed")
    return number


async def checkpoints(road: Road, run_id: str) -> dict[str, str]:
    """Return the checkpoints from which a run's steps began, by step."""
    assert road.bot is not None
    commits = await road.bot.base.runs.history(run_id)
    return {
        event.step: event.checkpoint_id
        for commit in commits
        for event in commit.events
        if isinstance(event, CheckpointCaptured) and event.kind == "before"
    }


async def events(road: Road, run_id: str, kind: str) -> list[Any]:
    """Return a run's events of one type."""
    assert road.bot is not None
    commits = await road.bot.base.runs.history(run_id)
    return [one for commit in commits for one in commit.events if one.type == kind]


async def test_a_full_review_asks_everything_anew(road: Road) -> None:
    """A rerun reuses what was answered before; a full review does not."""
    number = await reviewed(road)
    await ask(road, number, "/nofx rerun")
    rerun = (await road.until_runs_end())[-1]["_id"]
    assert await events(road, rerun, "work.reused")

    assert "is queued as run" in await ask(road, number, "/nofx review full")

    full = (await road.until_runs_end())[-1]["_id"]
    assert full != rerun
    assert not await events(road, full, "work.reused")
    await ask(road, number, "/nofx rerun")
    again = (await road.until_runs_end())[-1]["_id"]
    assert await events(road, again, "work.reused")
    assert len(road.github.review_comments(REPO, number)) == 1


async def test_a_rerun_begins_at_a_step_or_a_checkpoint(road: Road) -> None:
    """Both say what is reused; an id of another pull request is not known here."""
    number = await reviewed(road)
    answer = await ask(road, number, "/nofx rerun --from verify")
    assert "reused: snapshot, analyze, review." in answer
    await until_it_is(road, "gate_failed")
    (_, second) = await road.until_runs_end()
    answer = await ask(road, number, "/nofx rerun —from cp_nothing")
    assert "could not be done" in answer
    at = (await checkpoints(road, second["_id"]))["publish"]
    answer = await ask(road, number, f"/nofx rerun --from {at}")
    assert "reused: snapshot, analyze, review, verify." in answer
    await until_it_is(road, "gate_failed")
    answer = await ask(road, number, "/nofx rerun --fast")
    assert "there is no --fast" in answer
    assert "rerun [--from STEP|CHECKPOINT] [--model NAME]" in answer


async def test_a_rerun_uses_only_a_model_that_the_service_allows(road: Road) -> None:
    """Any other name is refused, and nothing is begun."""
    number = await reviewed(road)
    answer = await ask(road, number, "/nofx rerun --model evil:http://x")
    assert "could not be done" in answer
    assert len(await road.runs()) == 1
    answer = await ask(road, number, "/nofx rerun --model rules")
    assert "goes on with `rules`; reused: nothing." in answer
    runs = await road.until_runs_end()
    assert road.bot is not None
    run = await road.bot.base.runs.load(runs[-1]["_id"])
    assert run.overrides == {"model": "rules"}
    answer = await ask(road, number, "/nofx rerun --from verify --model rules")
    assert "model is used by step review" in answer


async def test_a_review_is_put_aside_and_goes_on(road: Road) -> None:
    """The answers say what comes next; what cannot be done is said as well."""
    road.github.faults.add(kind="slow", path=r"/compare/", seconds=2)
    number = await road.open_pull()
    await road.until(lambda: bool(road.github.check_runs(REPO, road.head(number))))
    answer = await ask(road, number, "/nofx pause until Monday")
    assert "is **paused**" in answer
    assert "/nofx resume" in answer
    await until_it_is(road, "paused")
    assert "is **paused**" in await ask(road, number, "/nofx status", user="eve")
    assert "goes on" in await ask(road, number, "/nofx resume")
    await road.until_checked(number)
    await until_it_is(road, "gate_failed")
    assert "could not be done" in await ask(road, number, "/nofx resume")
    assert "could not be done" in await ask(road, number, "/nofx pause")


async def test_a_pause_whose_answer_was_lost_is_answered_once(road: Road) -> None:
    """The second try finds it paused, which is what was asked for."""
    road.github.faults.add(kind="slow", path=r"/compare/", seconds=2)
    number = await road.open_pull()
    await road.until(lambda: bool(road.github.check_runs(REPO, road.head(number))))
    road.github.faults.add(kind="502", method="POST", path=r"/issues/\d+/comments$")
    assert "is **paused**" in await ask(road, number, "/nofx pause")
    road.github.faults.add(kind="502", method="POST", path=r"/issues/\d+/comments$")
    assert "goes on" in await ask(road, number, "/nofx resume")
    await until_it_is(road, "gate_failed")


async def test_a_branch_says_nothing_at_github(road: Road) -> None:
    """It goes on from a checkpoint beside the run that speaks, once a comment."""
    number = await reviewed(road)
    (run,) = await road.runs()
    at = (await checkpoints(road, run["_id"]))["verify"]
    said = len(road.github.issue_comments(REPO, number))
    road.github.faults.add(kind="502", method="POST", path=r"/issues/\d+/comments$")

    answer = await ask(road, number, f"/nofx branch {at}")

    assert "reused: snapshot, analyze, review." in answer
    assert "nofx runs show run_" in answer
    runs = await road.until_runs_end()
    (branch,) = [one for one in runs if one["_id"] != run["_id"]]
    assert branch["_id"] in answer
    assert len(road.github.issue_comments(REPO, number)) == said + 2
    assert len(road.github.check_runs(REPO, road.head(number))) == 1
    assert "goes on; reused: snapshot." in await ask(
        road, number, "/nofx branch analyze"
    )
    assert "is missing" in await ask(road, number, "/nofx branch")
    answer = await ask(road, number, "/nofx branch cp_0")
    assert "could not be done" in answer


async def test_nobody_branches_from_another_pull_request(road: Road) -> None:
    """An id that one may not see is an id that is not there."""
    await reviewed(road)
    (run,) = await road.runs()
    at = (await checkpoints(road, run["_id"]))["verify"]
    road.repository.commit({"other.py": "A = 1\n"}, branch="other")
    other = await road.github.open_pull(REPO, base="main", head="other")
    await road.until_checked(other)
    await road.until_runs_end()
    for command in (f"branch {at}", f"rerun --from {at}"):
        assert "could not be done" in await ask(road, other, f"/nofx {command}")
    assert len(await road.runs()) == 2


async def test_the_status_tells_steps_gates_findings_and_cost(road: Road) -> None:
    """Anybody may read it."""
    number = await reviewed(road)
    answer = await ask(road, number, "/nofx status", user="eve")
    assert "is **gate_failed**" in answer
    assert "Steps: snapshot succeeded, analyze succeeded" in answer
    assert "static_analysis failed" in answer
    assert "Findings: 1 open of 1 (1 posted)" in answer
    assert "Cost: 1 question to reviewers, no tokens" in answer
    assert "Last checkpoint: `cp_" in answer
    assert "waits for a person at `static_analysis`" in answer


async def test_there_is_nothing_to_act_on_before_the_first_run(road: Road) -> None:
    """Each says how to begin."""
    number = await draft(road)
    for command in ("pause", "resume", "branch cp_1", "rerun verify", "ask why?"):
        answer = await ask(road, number, f"/nofx {command}")
        assert "/nofx review" in answer
    assert await road.runs() == []
