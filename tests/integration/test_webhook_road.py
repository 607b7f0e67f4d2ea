"""The whole road: a signed webhook goes in, comments and a check run come out."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.pipeline.state import State
from bot.pipeline.verdict import Conclude
from bot.simulator.faults import Kind
from bot.simulator.simulator import Simulator
from core.review.bounds import MOST_FINDINGS
from core.runs.model import Run
from tests.fakes.road import CLEAN, REPO, RISKY, Road, built_road, driving
from tests.fakes.workers import kill, worker_process

MORE_RISK = RISKY + "\n\ndef read(text: str) -> object:\n    return eval(text)\n"


async def test_an_opened_pull_request_gets_comments_and_a_check(road: Road) -> None:
    """A risky line is commented on where it stands, and the check fails for it."""
    number = await road.open_pull()
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"
    assert states(check)[0] == "queued"
    (comment,) = road.github.review_comments(REPO, number)
    assert (comment["path"], comment["side"]) == ("app.py", "RIGHT")
    assert "shell=True" in RISKY.splitlines()[comment["line"] - 1]
    (summary,) = road.summaries(number)
    assert f"[here]({comment['html_url']})" in summary
    assert "Rules only (no model is configured)" in summary
    (run,) = await road.until_runs_end()
    assert run["status"] == "gate_failed"


async def test_a_slow_end_does_not_reopen_the_check(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the last step does after its ruling may last; the ruling stays shown."""
    remember = Conclude._remember

    async def slowly(step: Conclude, run: Run, state: State, verdict: str) -> None:
        await asyncio.sleep(0.5)
        await remember(step, run, state, verdict)

    monkeypatch.setattr("bot.pipeline.telling.LASTING", 0.05)
    monkeypatch.setattr(Conclude, "_remember", slowly)
    number = await road.open_pull()
    await road.until_checked(number)
    await road.until_runs_end()
    assert road.check(number)["status"] == "completed"


async def test_the_same_delivery_twice_is_worked_once(road: Road) -> None:
    """GitHub may redeliver; nothing is posted again."""
    number = await road.open_pull()
    await road.until_checked(number)
    opened = next(one for one in road.github.deliveries if one.event == "pull_request")
    again = await road.github.redeliver(opened.id)
    assert again is not None
    assert again.status_code == 202
    await road.until_quiet()
    assert len(await road.until_runs_end()) == 1
    assert len(road.github.review_comments(REPO, number)) == 1
    assert len(road.github.reviews(REPO, number)) == 1


async def test_a_push_supersedes_the_run_and_repeats_no_comment(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old head's run gives way; what was said already is not said again."""
    monkeypatch.setattr("bot.pipeline.telling.LASTING", 0.05)
    road.github.faults.add(kind="slow", path=r"/compare/", seconds=2)
    number = await road.open_pull()
    old_head = road.head(number)
    await road.until(lambda: states_on(road, old_head)[-1:] == ["in_progress"])
    await road.push(number, {"app.py": "# moved down\n" + MORE_RISK})
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"
    old, new = await road.until_runs_end()
    assert (old["status"], new["status"]) == ("cancelled", "gate_failed")
    assert old["superseded_by"] == new["_id"]
    (closed,) = road.github.check_runs(REPO, old_head)
    assert (closed["status"], closed["conclusion"]) == ("completed", "cancelled")
    await road.push(number, {"app.py": "# and down again\n# moved down\n" + MORE_RISK})
    await road.until_checked(number)
    bodies = [one["body"] for one in road.github.review_comments(REPO, number)]
    assert len(bodies) == len(set(bodies)) == 2
    assert len(road.summaries(number)) == 1


async def test_rerun_reviews_the_same_head_again(road: Road) -> None:
    """The command is seen at once, answered once, and repeats no comment."""
    number = await road.open_pull()
    await road.until_checked(number)
    comment = await road.github.comment(REPO, number, "/nofx rerun")
    await road.until(lambda: len(road.answers(number)) == 1)
    assert "Rerun" in road.answers(number)[0]
    assert road.reactions(number, comment) == ["eyes"]
    await road.until(lambda: len(road.github.check_runs(REPO, road.head(number))) == 2)
    await road.until_checked(number)
    first, second = await road.until_runs_end()
    assert (first["status"], second["status"]) == ("cancelled", "gate_failed")
    assert len(road.github.review_comments(REPO, number)) == 1
    assert len(road.summaries(number)) == 1


async def test_the_rerun_button_starts_a_new_run(road: Road) -> None:
    """Pressing Re-run on the check does what the command does."""
    number = await road.open_pull()
    check = await road.until_checked(number)
    await road.github.rerequest_check(REPO, check["id"])
    await road.until(lambda: len(road.github.check_runs(REPO, road.head(number))) == 2)
    await road.until_checked(number)
    assert len(await road.until_runs_end()) == 2


async def test_a_clean_change_is_green(road: Road) -> None:
    """Nothing to say: no review, a success that says it was rules alone."""
    road.repository.commit({"app.py": CLEAN + "\n\nX = 1\n"}, branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    check = await road.until_checked(number)
    assert check["conclusion"] == "success"
    assert "no model is configured" in check["output"]["title"]
    assert road.github.reviews(REPO, number) == []


async def test_what_nobody_can_read_is_never_green(road: Road) -> None:
    """A file that no analyzer reads makes the check neutral, and it says why."""
    road.repository.commit({"README.md": "# Hi\n\nNew words.\n"}, branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    check = await road.until_checked(number)
    assert check["conclusion"] == "neutral"
    assert "README.md" in check["output"]["summary"]


async def test_a_draft_waits_until_it_is_ready(road: Road) -> None:
    """A draft is left alone; marking it ready starts the review."""
    number = await road.open_pull(draft=True)
    await road.until_quiet()
    assert await road.runs() == []
    await road.github.ready_for_review(REPO, number)
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"


async def test_closing_cancels_and_reopening_reviews(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed pull request's run ends; a reopened one is reviewed after all."""
    monkeypatch.setattr("bot.pipeline.telling.LASTING", 0.05)
    road.github.faults.add(kind="slow", path=r"/compare/", seconds=2)
    number = await road.open_pull()
    await road.until(lambda: states_on(road, road.head(number))[-1:] == ["in_progress"])
    await road.github.close_pull(REPO, number)
    check = await road.until_checked(number)
    assert check["conclusion"] == "cancelled"
    await road.until_runs_end()
    await road.github.reopen_pull(REPO, number)
    await road.until(lambda: len(road.github.check_runs(REPO, road.head(number))) == 2)
    assert (await road.until_checked(number))["conclusion"] == "failure"


async def test_names_that_are_not_utf8_are_said_to_be_unread(road: Road) -> None:
    """GitHub's API cannot name such a file; the rest is reviewed all the same."""
    odd = "caf\udce9.py"
    road.repository.commit({odd: RISKY, "app.py": RISKY}, branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"
    assert "caf\\xe9.py" in check["output"]["summary"]
    (comment,) = road.github.review_comments(REPO, number)
    assert comment["path"] == "app.py"


async def test_a_flood_of_findings_is_cut_and_said(road: Road) -> None:
    """The most severe are shown, the check tells how many were not."""
    call = "subprocess.run(input(), shell=True)\n"
    flood = "import subprocess\n" + call * (MOST_FINDINGS + 500)
    road.repository.commit({"app.py": flood}, branch="feature")
    number = await road.github.open_pull(REPO, base="main", head="feature")
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"
    assert f"only the {MOST_FINDINGS} most severe" in check["output"]["summary"]
    assert len(road.github.review_comments(REPO, number)) == 30
    assert len(check["annotations"]) == MOST_FINDINGS - 30


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("timeout_after_commit", r"/pulls/1/reviews$"),
        pytest.param("slow", r"/compare/", marks=pytest.mark.slow),
        pytest.param(
            "timeout_after_commit", r"/issues/1/comments$", marks=pytest.mark.slow
        ),
    ],
)
async def test_a_killed_worker_is_replaced_and_repeats_nothing(  # fixtures
    tmp_path: Path,
    mongodb_url: str,
    judged: Callable[[Simulator], Simulator],
    kind: Kind,
    path: str,
    request: pytest.FixtureRequest,
) -> None:
    """SIGKILL in the middle: the next worker ends the run, each thing stands once."""
    name = f"killed_{abs(hash(request.node.name))}"
    async with built_road(tmp_path, mongodb_url, name) as road:
        judged(road.github)
        hit = road.github.faults.add(kind=kind, path=path, seconds=60)
        async with driving(road, workers=0):
            async with worker_process(road.settings, tmp_path / "first") as first:
                number = await road.open_pull()
                await road.until(lambda: hit.times == 0)
                await kill(first)
            async with worker_process(road.settings, tmp_path / "second"):
                check = await road.until_checked(number)
                (run,) = await road.until_runs_end()
        assert check["conclusion"] == "failure"
        assert (run["status"], run["losses"]) == ("gate_failed", 1)
        assert len(road.github.review_comments(REPO, number)) == 1
        assert len(road.github.reviews(REPO, number)) == 1
        assert len(road.summaries(number)) == 1
        assert len(road.github.check_runs(REPO, road.head(number))) == 1


def states(check: dict[str, Any]) -> list[str]:
    """Return the statuses that a check run went through."""
    return [status for status, _, _ in check["history"]]


def states_on(road: Road, sha: str) -> list[str]:
    """Return the statuses of the newest check run on a commit, none before it is."""
    checks = road.github.check_runs(REPO, sha)
    return states(checks[-1]) if checks else []
