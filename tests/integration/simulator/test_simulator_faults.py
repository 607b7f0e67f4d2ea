"""Limits, cached answers, pages, and requests made to go wrong."""

import asyncio

import aiohttp
import pytest

from bot.simulator.faults import Kind
from core.errors import UnknownFaultError
from tests.fakes.simulated_github import REPO, SimulatedGitHub

COMMENTS = f"/repos/{REPO}/issues/1/comments"


async def test_each_answer_says_what_is_left_of_the_hour(
    github: SimulatedGitHub,
) -> None:
    """Requests are counted down; a new hour starts afresh."""
    first = await github.caller.get(f"/repos/{REPO}")
    second = await github.caller.get(f"/repos/{REPO}")
    left = [int(one.headers["X-RateLimit-Remaining"]) for one in (first, second)]
    assert left[0] - left[1] == 1
    assert first.headers["X-RateLimit-Limit"] == "5000"
    github.clock.jump(3600)
    await github.caller.as_installation(github.now, github.installation)
    fresh = await github.caller.get(f"/repos/{REPO}")
    assert fresh.headers["X-RateLimit-Remaining"] == "4999"
    asked = await github.caller.get("/rate_limit")
    assert asked.body["rate"]["remaining"] == 4999


async def test_when_the_hour_is_used_up_nothing_more_is_done(
    github: SimulatedGitHub,
) -> None:
    """GitHub then refuses with 403 and says when the hour ends."""
    github.simulator.limits.limit = 1
    await github.caller.post(COMMENTS, {"body": "one"})
    refused = await github.caller.post(COMMENTS, {"body": "two"})
    assert refused.status == 403
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert len(github.simulator.issue_comments(REPO, 1)) == 1


async def test_an_unchanged_answer_is_free(github: SimulatedGitHub) -> None:
    """With its ETag the caller gets 304, which the limit does not count."""
    first = await github.caller.get(f"/repos/{REPO}")
    tag = {"If-None-Match": first.headers["ETag"]}
    again = await github.caller.get(f"/repos/{REPO}", **tag)
    assert (again.status, again.body) == (304, b"")
    left = "X-RateLimit-Remaining"
    assert again.headers[left] == first.headers[left]


async def test_lists_come_in_pages_that_are_linked(github: SimulatedGitHub) -> None:
    """The Link header leads forwards and back."""
    for number in range(5):
        await github.simulator.comment(REPO, 1, f"number {number}")
    first = await github.caller.get(f"{COMMENTS}?per_page=2")
    assert [one["body"] for one in first.body] == ["number 0", "number 1"]
    assert 'rel="next"' in first.headers["Link"]
    assert "page=3" in first.headers["Link"]
    last = await github.caller.get(f"{COMMENTS}?per_page=2&page=3")
    assert [one["body"] for one in last.body] == ["number 4"]
    assert 'rel="next"' not in last.headers["Link"]
    assert 'rel="prev"' in last.headers["Link"]
    wrong = await github.caller.get(f"{COMMENTS}?page=x")
    assert wrong.status == 400


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("401", 401),
        ("403", 403),
        ("404", 404),
        ("422", 422),
        ("500", 500),
        ("502", 502),
        ("503", 503),
        ("429", 429),
        ("secondary_limit", 403),
        ("primary_limit", 403),
    ],
)
async def test_a_refusing_fault_comes_once_and_does_nothing(
    kind: Kind, status: int, github: SimulatedGitHub
) -> None:
    """The next request of that kind goes through."""
    github.simulator.faults.add(method="post", path="/comments$", kind=kind)
    refused = await github.caller.post(COMMENTS, {"body": "hello"})
    assert refused.status == status
    assert github.simulator.issue_comments(REPO, 1) == []
    assert (await github.caller.post(COMMENTS, {"body": "hello"})).status == 201
    statuses = [one.status for one in github.simulator.requests[-2:]]
    assert statuses == [status, 201]


async def test_limits_say_how_long_to_wait(github: SimulatedGitHub) -> None:
    """The secondary limit by Retry-After, the primary one by the end of the hour."""
    faults = github.simulator.faults
    faults.add(kind="secondary_limit", seconds=7)
    secondary = await github.caller.get(f"/repos/{REPO}")
    assert secondary.headers["Retry-After"] == "7"
    assert "secondary rate limit" in secondary.body["message"]
    faults.add(kind="primary_limit", seconds=9)
    primary = await github.caller.get(f"/repos/{REPO}")
    assert primary.headers["X-RateLimit-Reset"] == str(int(github.now) + 9)
    faults.add(kind="500", times=5)
    faults.clear()
    assert (await github.caller.get(f"/repos/{REPO}")).status == 200


async def test_an_unknown_fault_is_named(github: SimulatedGitHub) -> None:
    """A spelling mistake does not make a test pass silently."""
    with pytest.raises(UnknownFaultError, match="earthquake"):
        github.simulator.faults.add(kind="earthquake")  # type: ignore[arg-type] # the point


@pytest.mark.parametrize(("kind", "written"), [("lost_response", 1), ("drop", 0)])
async def test_a_cut_connection_leaves_the_caller_guessing(
    kind: Kind, written: int, github: SimulatedGitHub
) -> None:
    """Lost after the write, or dropped before it: the caller cannot tell."""
    github.simulator.faults.add(method="POST", path="/comments$", kind=kind)
    with pytest.raises(aiohttp.ClientError):
        await github.caller.post(COMMENTS, {"body": "hello"})
    assert len(github.simulator.issue_comments(REPO, 1)) == written
    assert github.simulator.requests[-1].status == 0


async def written(github: SimulatedGitHub) -> None:
    """Return once the held request has written its comment."""
    while not (await github.caller.get(COMMENTS)).body:
        pass


async def test_a_write_may_happen_though_the_caller_gave_up(
    github: SimulatedGitHub,
) -> None:
    """The answer never comes; the comment is there all the same."""
    github.simulator.faults.add(
        method="POST", path="/comments$", kind="timeout_after_commit"
    )
    waiting = asyncio.create_task(github.caller.post(COMMENTS, {"body": "hello"}))
    await written(github)
    assert not waiting.done()
    waiting.cancel()
    assert (await github.caller.get(COMMENTS)).body[0]["body"] == "hello"


async def test_a_held_request_does_not_hold_the_simulator(
    github: SimulatedGitHub,
) -> None:
    """Closing lets go of callers that a fault keeps waiting."""
    github.simulator.faults.add(
        method="POST", path="/comments$", kind="timeout_after_commit"
    )
    waiting = asyncio.create_task(github.caller.post(COMMENTS, {"body": "hello"}))
    await written(github)
    await github.simulator.close()
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_a_bad_gateway_may_hide_a_write(github: SimulatedGitHub) -> None:
    """502 says nothing about whether it was done."""
    github.simulator.faults.add(path="/comments$", kind="502_after_commit")
    assert (await github.caller.post(COMMENTS, {"body": "hello"})).status == 502
    assert len(github.simulator.issue_comments(REPO, 1)) == 1


async def test_a_slow_answer_is_an_answer(github: SimulatedGitHub) -> None:
    """Slowness alone changes nothing."""
    github.simulator.faults.add(path="/comments$", kind="slow", seconds=0.01)
    assert (await github.caller.post(COMMENTS, {"body": "hello"})).status == 201


async def test_requests_are_kept_without_secrets(github: SimulatedGitHub) -> None:
    """What was asked can be judged later; the token is not in it."""
    await github.caller.post(COMMENTS, {"body": "hello"})
    last = github.simulator.requests[-1]
    assert (last.method, last.path, last.status) == ("POST", COMMENTS, 201)
    assert last.body == {"body": "hello"}
    assert "authorization" not in last.headers
    assert "user-agent" in last.headers


async def test_what_the_simulator_lacks_is_not_found(github: SimulatedGitHub) -> None:
    """An unknown path is recorded, so that the judge sees it too."""
    assert (await github.caller.get("/repos/octo/hello/nonsense")).status == 404
    assert github.simulator.requests[-1].path == "/repos/octo/hello/nonsense"
    assert (await github.caller.get(f"/repos/{REPO}/pulls/x")).status == 404


async def test_a_body_that_is_no_object_is_refused(github: SimulatedGitHub) -> None:
    """A list is no body that GitHub knows, and half an object is none at all."""
    assert (await github.caller.post(COMMENTS, [1])).status == 400
    url = github.simulator.api_url + COMMENTS
    headers = {"Authorization": github.caller.authorization}
    async with aiohttp.request("POST", url, data=b"{", headers=headers) as answer:
        assert answer.status == 400
    assert github.simulator.requests[-1].body == "{"
