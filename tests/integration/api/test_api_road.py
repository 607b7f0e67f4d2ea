"""The API of a bot that serves: what is asked for over HTTP shows at GitHub."""

from typing import Any

import aiohttp

from bot import app
from bot.api.answers.begun import BegunDetail
from bot.api.question import Question
from core.access.tokens import Scope
from tests.fakes.road import REPO, Road


async def ask(
    road: Road, method: str, path: str, body: Any = None
) -> tuple[int, dict[str, Any]]:
    """Send one request to the bot with a token that may operate."""
    assert road.bot is not None
    issued = await road.bot.base.tokens.create([Scope.OPERATE])
    headers = {"Authorization": f"Bearer {issued.secret}"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            method, f"{road.bot.url}{path}", json=body, headers=headers
        ) as response,
    ):
        return response.status, await response.json(content_type=None)


async def test_a_review_asked_for_over_http_is_done(road: Road) -> None:
    """A draft is reviewed when somebody asks; asking twice is asking once."""
    number = await road.open_pull(draft=True)
    await road.until_quiet()
    assert await road.runs() == []
    body = {"repository": REPO, "pull": number, "request_id": "once"}
    status, made = await ask(road, "POST", "/runs", body)
    assert (status, made["fresh"]) == (201, True)
    check = await road.until_checked(number)
    assert check["conclusion"] == "failure"
    status, again = await ask(road, "POST", "/runs", body)
    assert (again["run"]["id"], again["fresh"]) == (made["run"]["id"], False)
    assert len(road.github.check_runs(REPO, road.head(number))) == 1
    shown = (await ask(road, "GET", f"/runs/{made['run']['id']}"))[1]
    assert {one["name"] for one in shown["steps"]} >= {"snapshot", "review", "publish"}
    assert shown["requested_by"].startswith("token:")


async def test_a_closed_pull_request_is_not_reviewed(road: Road) -> None:
    """The refusal says why."""
    number = await road.open_pull()
    await road.until_checked(number)
    await road.github.close_pull(REPO, number)
    body = {"repository": REPO, "pull": number, "again": True}
    status, answer = await ask(road, "POST", "/runs", body)
    assert (status, answer["code"]) == (409, "not_reviewed")
    assert "closed" in answer["detail"]
    body = {"repository": "octo/nowhere", "pull": 1}
    assert (await ask(road, "POST", "/runs", body))[0] == 404


async def test_a_rerun_over_http_repeats_no_comment(road: Road) -> None:
    """A new run on the same head, with a check of its own and the old comments.

    Asked for again under the name that the first request had, it is that run.
    """
    number = await road.open_pull()
    await road.until_checked(number)
    (first,) = await road.until_runs_end()
    path, body = f"/runs/{first['_id']}/rerun", {"request_id": "once"}
    status, begun = await ask(road, "POST", path, body)
    assert (status, begun["run"]["origin"]) == (201, "rerun")
    assert (await ask(road, "POST", path, body))[1]["run"]["id"] == begun["run"]["id"]
    await road.until(lambda: len(road.github.check_runs(REPO, road.head(number))) == 2)
    await road.until_checked(number)
    runs = await road.until_runs_end()
    assert [one["_id"] for one in runs] == [first["_id"], begun["run"]["id"]]
    assert len(road.github.review_comments(REPO, number)) == 1
    # It is of this call alone: a review that is asked for under it is another wish.
    review = {"repository": REPO, "pull": number, "again": True, **body}
    other = (await ask(road, "POST", "/runs", review))[1]
    assert other["run"]["id"] != begun["run"]["id"]


async def test_a_branch_says_nothing_at_github(road: Road) -> None:
    """Another opinion for people to read, and not a word on the pull request."""
    number = await road.open_pull()
    await road.until_checked(number)
    (first,) = await road.until_runs_end()
    path = f"/runs/{first['_id']}/checkpoints"
    listed = (await ask(road, "GET", path))[1]["checkpoints"]
    start = next(
        one for one in listed if (one["kind"], one["step"]) == ("before", "publish")
    )
    before = len(road.github.check_runs(REPO, road.head(number)))
    body = {"reason": "would a warning do?", "overrides": {"fail_on": "info"}}
    path = f"{path}/{start['checkpoint_id']}/branch"
    status, begun = await ask(road, "POST", path, body)
    assert status == 201
    assert set(begun["reused"]["steps"]) >= {"snapshot", "review"}
    await road.until_runs_end()
    assert len(road.github.check_runs(REPO, road.head(number))) == before
    assert len(road.github.review_comments(REPO, number)) == 1


async def test_the_command_line_speaks_at_github_too(road: Road) -> None:
    """With the App's credentials it does what the API does, beside the bot."""
    number = await road.open_pull()
    await road.until_checked(number)
    (first,) = await road.until_runs_end()
    question = Question(
        method="POST",
        path="/runs/{run_id}/rerun",
        ids={"run_id": first["_id"]},
        actor="cli:alice",
    )
    begun = await app.ask(road.settings, question)
    assert isinstance(begun, BegunDetail)
    assert begun.run.requested_by == "cli:alice"
    await road.until(lambda: len(road.github.check_runs(REPO, road.head(number))) == 2)
    await road.until_checked(number)
    assert len(await road.until_runs_end()) == 2
