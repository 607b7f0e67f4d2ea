"""Requests to GitHub are repeated where that is safe, and nowhere else."""

import asyncio
from datetime import timedelta

import pytest

from bot.github.client import Connection
from core.errors import (
    GitHubAnswerTooLargeError,
    GitHubRateLimitedError,
    GitHubUnavailableError,
    LeaseLostError,
    UnclearAnswerError,
)
from tests.fakes.github_script import NINE, Reply, scene

OK = Reply(data={"done": True})
DROP = Reply(drop=True)
BROKEN = Reply(status=502, data={"message": "Server Error"})
SECONDARY = Reply(status=403, data={"message": "You hit a secondary rate limit."})
THING = "/repos/o/r/thing"


async def call(gh: Connection, method: str) -> object:
    """Make the request of this method."""
    match method:
        case "GET":
            return await gh.get(THING)
        case "PUT":
            return await gh.put(THING, {})
        case "PATCH":
            return await gh.patch(THING, {})
        case _:
            await gh.delete(THING)
            return None


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("trouble", [DROP, BROKEN], ids=["dropped", "502"])
async def test_what_can_be_repeated_is_repeated(method: str, trouble: Reply) -> None:
    """Two bad answers, then a good one: the caller sees the good one.

    On a line that was in use before, aiohttp itself tries once more, at once.
    """
    async with scene() as s:
        s.hub.on(method, THING, trouble, trouble, OK)
        answer = await call(s.gh, method)
        assert answer == (None if method == "DELETE" else {"done": True})
        assert len(s.hub.made(method, THING)) >= 3
        assert s.clock.slept in ([1.0], [1.0, 2.0])


async def test_attempts_run_out() -> None:
    """A GitHub that stays broken is told as such, with what it said."""
    async with scene(attempts=2) as s:
        s.hub.on("GET", THING, BROKEN)
        with pytest.raises(GitHubUnavailableError, match=r"/thing: it answered 502"):
            await s.gh.get(THING)
        assert len(s.hub.made("GET", THING)) == 2


@pytest.mark.parametrize("trouble", [DROP, BROKEN], ids=["dropped", "502"])
async def test_a_post_is_never_sent_blindly_again(trouble: Reply) -> None:
    """Whether GitHub did it is unclear, so the caller has to look."""
    async with scene() as s:
        s.hub.on("POST", THING, trouble, OK)
        with pytest.raises(UnclearAnswerError, match="unclear whether GitHub did POST"):
            await s.gh.post(THING, {})
        assert len(s.hub.made("POST", THING)) == 1


async def test_a_post_that_times_out_is_unclear() -> None:
    """No answer in time says nothing about what was done."""
    async with scene(timeout_seconds=0.2) as s:
        s.hub.on("GET", "/warm", OK)
        await s.gh.get("/warm")
        s.hub.on("POST", THING, Reply(hang=True))
        with pytest.raises(UnclearAnswerError, match="TimeoutError"):
            await s.gh.post(THING, {})


async def test_a_post_that_github_itself_does_once_is_repeated() -> None:
    """A reaction can be sent again."""
    async with scene() as s:
        s.hub.on("POST", THING, BROKEN, OK)
        assert await s.gh.post(THING, {}, repeatable=True) == {"done": True}


async def test_a_patch_that_appends_is_sent_once() -> None:
    """Annotations would come twice."""
    async with scene() as s:
        s.hub.on("PATCH", THING, BROKEN, OK)
        with pytest.raises(UnclearAnswerError):
            await s.gh.patch(THING, {}, appends=True)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_who_may_no_longer_write_sends_nothing_again(method: str) -> None:
    """The guard is asked before each attempt, and never about reading."""
    fences = iter((None, LeaseLostError(run_id="run_1", fence=1)))

    def guard() -> None:
        lost = next(fences)
        if lost is not None:
            raise lost

    async with scene() as s:
        s.hub.on("GET", THING, OK)
        s.hub.on(method, THING, BROKEN, OK)
        guarded = s.gh.guarded(guard)
        with pytest.raises(LeaseLostError):
            await call(guarded, method)
        assert len(s.hub.made(method, THING)) == 1
        assert await call(guarded, "GET") == {"done": True}


async def test_a_post_that_never_left_is_repeated_then_told_as_unavailable() -> None:
    """Nobody listens: nothing was sent, so nothing is unclear."""
    async with scene(attempts=3) as s:
        gh = s.gh
        s.hub.on("GET", "/warm", OK)
        await gh.get("/warm")
    async with scene() as other:
        gh._wire._session = other.session
        with pytest.raises(GitHubUnavailableError, match="ClientConnectorError"):
            await gh.post(THING, {})
    assert s.clock.slept == [1.0, 2.0]


async def test_a_secondary_limit_is_waited_out_even_by_a_post() -> None:
    """A refused request was not done, so it can be sent again after the wait."""
    async with scene() as s:
        s.hub.on("POST", THING, SECONDARY, OK)
        assert await s.gh.post(THING, {}) == {"done": True}
        assert s.clock.slept == [60.0]


async def test_a_long_wait_is_told_to_the_caller_instead_of_slept() -> None:
    """The second minute-long wait is over the patience; nothing is sent meanwhile."""
    async with scene() as s:
        s.hub.on("GET", THING, SECONDARY)
        with pytest.raises(GitHubRateLimitedError, match="secondary") as caught:
            await s.gh.get(THING)
        assert caught.value.retry_at == NINE + timedelta(minutes=3)
        assert s.clock.slept == [60.0]
        with pytest.raises(GitHubRateLimitedError):
            await s.gh.get("/repos/o/r/other")
        assert s.hub.made("GET", "/repos/o/r/other") == []


async def test_a_spent_rest_budget_leaves_graphql_alone() -> None:
    """GitHub counts the two apart."""
    spent = {"x-ratelimit-remaining": "0", "retry-after": "3600"}
    async with scene() as s:
        s.hub.on("GET", THING, Reply(status=403, data={}, headers=spent))
        s.hub.on("POST", "/api/graphql", Reply(data={"data": {"viewer": "nofx"}}))
        with pytest.raises(GitHubRateLimitedError, match="primary"):
            await s.gh.get(THING)
        assert await s.gh.graphql("query { viewer }") == {"viewer": "nofx"}


async def test_writes_are_spaced_and_reads_are_not() -> None:
    """GitHub asks for a second between writes."""
    async with scene(write_spacing_seconds=1.0) as s:
        s.hub.on("POST", THING, OK)
        s.hub.on("GET", THING, OK)
        await asyncio.gather(*(s.gh.post(THING, {}) for _ in range(3)))
        await s.gh.get(THING)
        assert s.clock.slept == [1.0, 1.0]


async def test_an_answer_over_the_limit_is_refused() -> None:
    """Memory is bounded whatever GitHub sends."""
    async with scene(body_limit=100) as s:
        s.hub.on("GET", THING, Reply(raw=b"x" * 101))
        with pytest.raises(GitHubAnswerTooLargeError, match="100 bytes"):
            await s.gh.get(THING)


async def test_the_token_goes_to_no_other_host() -> None:
    """A link to elsewhere is not followed."""
    away = {"link": '<http://127.0.0.1:9/next>; rel="next"'}
    async with scene() as s:
        s.hub.on("GET", THING, Reply(data=[{"id": 1}], headers=away))
        with pytest.raises(GitHubUnavailableError, match="no token goes there"):
            await s.gh.pages(THING)
