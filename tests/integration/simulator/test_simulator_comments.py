"""The conversation of a pull request in the simulator, and reactions."""

import pytest

from tests.fakes.simulated_github import REPO, SimulatedGitHub
from tests.judges.github_requests import GitHubJudges

LIST = f"/repos/{REPO}/issues/1/comments"


async def test_a_comment_is_written_read_changed_and_deleted(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """The App is shown as its bot user."""
    made = await github.caller.post(LIST, {"body": "Hello"})
    assert made.status == 201
    assert github_judges.openapi.check_answer("POST", LIST, 201, made.body) == []
    assert (
        made.body["user"] | {"login": "nofx[bot]", "type": "Bot"} == made.body["user"]
    )
    own = f"/repos/{REPO}/issues/comments/{made.body['id']}"
    github.clock.jump(60)
    changed = await github.caller.send("PATCH", own, {"body": "Bye"})
    assert github_judges.openapi.check_answer("PATCH", own, 200, changed.body) == []
    assert changed.body["updated_at"] == "2026-01-05T12:01:00Z"
    assert (await github.caller.get(own)).body["body"] == "Bye"
    assert (await github.caller.send("DELETE", own)).status == 204
    assert (await github.caller.get(own)).status == 404


async def test_comments_are_listed_since_a_time(github: SimulatedGitHub) -> None:
    """Those changed at that second or later, in both lists."""
    await github.with_talk()
    for path in (LIST, f"/repos/{REPO}/pulls/1/comments"):
        whole = (await github.caller.get(path)).body
        now, later = "2026-01-05T12:00:00Z", "2026-01-05T12:00:01Z"
        assert (await github.caller.get(f"{path}?since={now}")).body == whole
        assert (await github.caller.get(f"{path}?since={later}")).body == []
        assert (await github.caller.get(f"{path}?since={later[:-1]}")).body == []
        assert (await github.caller.get(f"{path}?since=noon")).status == 422


async def test_comments_need_a_text_a_place_and_an_owner(
    github: SimulatedGitHub,
) -> None:
    """Empty or endless ones, other people's and lost places are refused."""
    for body in ("", " ", "x" * 65_537, None):
        assert (await github.caller.post(LIST, {"body": body})).status == 422
    elsewhere = f"/repos/{REPO}/issues/9/comments"
    assert (await github.caller.post(elsewhere, {"body": "x"})).status == 404
    number = await github.simulator.comment(REPO, 1, "/nofx rerun")
    own = f"/repos/{REPO}/issues/comments/{number}"
    assert (await github.caller.send("PATCH", own, {"body": "x"})).status == 403


@pytest.mark.parametrize("kind", ["issues", "pulls"])
async def test_a_reaction_is_given_once(
    kind: str, github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """201 the first time, 200 when it is there already."""
    await github.with_talk()
    simulator = github.simulator
    comments = {
        "issues": simulator.issue_comments(REPO, 1),
        "pulls": simulator.review_comments(REPO, 1),
    }
    number = comments[kind][0]["id"]
    path = f"/repos/{REPO}/{kind}/comments/{number}/reactions"
    first = await github.caller.post(path, {"content": "eyes"})
    again = await github.caller.post(path, {"content": "eyes"})
    assert (first.status, again.status) == (201, 200)
    assert first.body["id"] == again.body["id"]
    assert github_judges.openapi.check_answer("POST", path, 201, first.body) == []
    other = await github.caller.post(path, {"content": "+1"})
    assert other.status == 201
    eyes = await github.caller.get(f"{path}?content=eyes")
    assert [one["content"] for one in eyes.body] == ["eyes"]
    assert (await github.caller.post(path, {"content": "shrug"})).status == 422


async def test_people_react_too(github: SimulatedGitHub) -> None:
    """The counts on the comment show it."""
    await github.with_talk()
    (first, _) = github.simulator.review_comments(REPO, 1)
    github.simulator.react(REPO, first["id"], "-1")
    (shown, _) = github.simulator.review_comments(REPO, 1)
    assert (shown["reactions"]["-1"], shown["reactions"]["total_count"]) == (1, 1)
