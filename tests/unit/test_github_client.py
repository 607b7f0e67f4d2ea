"""The App and its installations: who they are to GitHub, and what refusals mean."""

import asyncio

import pytest

from bot.github.client import GitHubApp, graphql_url
from core.errors import (
    GitHubConflictError,
    GitHubCredentialsError,
    GitHubInvalidError,
    GitHubListTooLongError,
    GitHubNotFoundError,
    GitHubPermissionError,
    GitHubRefusedError,
    GitHubUnavailableError,
    NofxError,
    PrivateKeyError,
    UnclearAnswerError,
)
from tests.fakes.github_script import (
    APP_ID,
    INSTALLATION,
    TOKEN_PATH,
    PatientClock,
    Reply,
    pem,
    scene,
)

THING = "/repos/o/r/thing"
GRAPHQL = "/api/graphql"


async def test_every_request_says_who_and_which_version() -> None:
    """GitHub wants a user agent, and we want one dialect of its API."""
    async with scene() as s:
        s.hub.on("GET", THING, Reply(data={}))
        await s.gh.get(THING, ref="a b")
        [call] = s.hub.made("GET", THING)
        assert call.headers["User-Agent"] == "nofx"
        assert call.headers["X-GitHub-Api-Version"] == "2022-11-28"
        assert call.headers["Authorization"] == "Bearer ghs_1"
        assert call.query == {"ref": "a b"}


async def test_one_token_serves_many_callers_and_is_renewed_early() -> None:
    """Ten at once fetch one token; five minutes before its death comes another."""
    async with scene() as s:
        s.hub.on("GET", THING, Reply(data={}))
        await asyncio.gather(*(s.gh.get(THING) for _ in range(10)))
        assert s.hub.tokens == 1
        await s.clock.sleep(3200)
        await s.gh.get(THING)
        assert s.hub.tokens == 1
        await s.clock.sleep(200)
        await s.gh.get(THING)
        assert s.hub.tokens == 2


async def test_a_token_that_github_forgot_is_replaced_once() -> None:
    """A 401 makes us fetch another token; a second 401 is told."""
    denied = Reply(status=401, data={"message": "Bad credentials"})
    async with scene() as s:
        s.hub.on("GET", THING, denied, Reply(data={"done": True}), denied)
        assert await s.gh.get(THING) == {"done": True}
        assert s.hub.tokens == 2
        with pytest.raises(GitHubCredentialsError) as caught:
            await s.gh.get(THING)
        assert "NOFX_APP_ID" in caught.value.way_out
        assert s.hub.tokens == 3


async def test_an_installation_that_is_gone_is_named() -> None:
    """The error is about the token's path, not the one asked for."""
    async with scene() as s:
        s.hub.on("POST", TOKEN_PATH, Reply(status=404, data={"message": "Not Found"}))
        with pytest.raises(GitHubNotFoundError, match=TOKEN_PATH):
            await s.gh.get(THING)


async def test_an_unchanged_answer_comes_from_the_cache() -> None:
    """A 304 has no body and costs no budget; each installation has its own cache."""
    fresh = Reply(data={"n": 1}, headers={"etag": '"v1"'})
    async with scene() as s:
        s.hub.on("GET", THING, fresh, Reply(status=304, raw=b""), fresh)
        assert await s.gh.get(THING) == {"n": 1}
        assert await s.gh.get(THING) == {"n": 1}
        last = s.hub.made("GET", THING)[-1]
        assert last.headers["If-None-Match"] == '"v1"'
        token = {"token": "ghs_x", "expires_at": "2026-11-23T11:00:00Z"}
        path = TOKEN_PATH.replace(str(INSTALLATION), "43")
        s.hub.on("POST", path, Reply(status=201, data=token))
        assert await s.app.installation(43).get(THING) == {"n": 1}
        assert "If-None-Match" not in s.hub.made("GET", THING)[-1].headers


async def test_an_answer_too_large_for_the_cache_is_given_but_not_kept() -> None:
    """A giant list does not push everything else out."""
    giant = Reply(data={"text": "x" * 8_000_001}, headers={"etag": '"v1"'})
    async with scene() as s:
        s.hub.on("GET", THING, giant)
        assert len((await s.gh.get(THING))["text"]) == 8_000_001
        await s.gh.get(THING)
        assert "If-None-Match" not in s.hub.made("GET", THING)[-1].headers


async def test_a_list_is_read_to_its_last_page() -> None:
    """Pages are followed by GitHub's links, a hundred entries each."""
    async with scene() as s:
        more = {"link": f'<{s.hub.api_url}/page2>; rel="next"'}
        s.hub.on("GET", THING, Reply(data={"things": [{"id": 1}]}, headers=more))
        s.hub.on("GET", "/page2", Reply(data={"things": [{"id": 2}]}))
        assert await s.gh.pages(THING, key="things") == [{"id": 1}, {"id": 2}]
        assert s.hub.made("GET", THING)[0].query == {"per_page": "100"}


async def test_a_list_without_end_is_refused() -> None:
    """A list that was cut short would make "not there" a guess."""
    async with scene(page_limit=1) as s:
        s.hub.on("GET", THING, Reply(data=[{"id": n} for n in range(101)]))
        with pytest.raises(GitHubListTooLongError, match="more than 100"):
            await s.gh.pages(THING)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, GitHubCredentialsError),
        (403, GitHubPermissionError),
        (404, GitHubNotFoundError),
        (409, GitHubConflictError),
        (410, GitHubNotFoundError),
        (418, GitHubRefusedError),
        (422, GitHubInvalidError),
    ],
)
async def test_each_refusal_has_a_name(status: int, kind: type[NofxError]) -> None:
    """What GitHub's status means is said in nofx's own errors."""
    async with scene() as s:
        s.hub.on("GET", THING, Reply(status=status, data={"message": "So sorry"}))
        with pytest.raises(kind):
            await s.gh.get(THING)


async def test_a_missing_permission_is_named() -> None:
    """The operator reads which switch to turn."""
    headers = {"X-Accepted-GitHub-Permissions": "checks=write,contents=read; a=admin"}
    reason = {"message": "Resource not accessible by integration"}
    async with scene() as s:
        s.hub.on("POST", THING, Reply(status=403, data=reason, headers=headers))
        with pytest.raises(GitHubPermissionError) as caught:
            await s.gh.post(THING, {})
        needed = "checks: write and contents: read, or a: admin"
        assert needed in str(caught.value)
        assert needed in caught.value.way_out


async def test_an_answer_that_is_not_json_is_no_answer() -> None:
    """Half an answer to a write is unclear; to a read it is a GitHub that is away."""
    broken = Reply(raw=b'{"id": ', headers={"content-type": "application/json"})
    async with scene() as s:
        s.hub.on("GET", THING, broken)
        s.hub.on("POST", THING, broken)
        with pytest.raises(GitHubUnavailableError, match="cannot be read"):
            await s.gh.get(THING)
        with pytest.raises(UnclearAnswerError, match="cannot be read"):
            await s.gh.post(THING, {})


async def test_the_app_knows_itself_and_where_it_is_installed() -> None:
    """The App signs with its own key, not with a token."""
    data = {"id": APP_ID, "slug": "nofx", "name": "nofx", "permissions": {"a": "read"}}
    async with scene() as s:
        s.hub.on("GET", "/app", Reply(data=data))
        s.hub.on("GET", "/repos/o/r/installation", Reply(data={"id": INSTALLATION}))
        identity = await s.app.identity()
        assert identity.bot_login == "nofx[bot]"
        assert await s.app.installation_of("o/r") == INSTALLATION
        assert s.hub.tokens == 0
        assert s.hub.calls[0].headers["Authorization"].startswith("bearer ey")


async def test_the_app_without_its_name_is_refused() -> None:
    """An answer of another server is told as such."""
    async with scene() as s:
        s.hub.on("GET", "/app", Reply(data={"hello": "world"}))
        with pytest.raises(GitHubUnavailableError, match="id: Field required"):
            await s.app.identity()


@pytest.mark.parametrize("key", ["", "secret words", pem()[:400]])
async def test_a_key_that_cannot_sign_is_refused_and_not_shown(key: str) -> None:
    """The operator learns what is wrong; the log does not learn the key."""
    async with scene() as s:
        with pytest.raises(PrivateKeyError, match="RSA") as caught:
            GitHubApp(
                app_id=1,
                private_key=key,
                api_url="http://127.0.0.1",
                session=s.session,
                clock=PatientClock(),
            )
        assert not key or key not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("api_url", "expected"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://api.github.com/", "https://api.github.com/graphql"),
        ("https://ghe.example/api/v3", "https://ghe.example/api/graphql"),
        ("https://ghe.example/api/v3/", "https://ghe.example/api/graphql"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"),
    ],
)
def test_graphql_is_where_the_host_has_it(api_url: str, expected: str) -> None:
    """On GitHub Enterprise Server it stands beside the REST root."""
    assert graphql_url(api_url) == expected


async def test_a_graphql_query_is_repeated_and_a_mutation_is_not() -> None:
    """Both are POSTs; only one of them changes something."""
    broken = Reply(status=502, data={"message": "Server Error"})
    async with scene() as s:
        s.hub.on("POST", GRAPHQL, broken, Reply(data={"data": {"n": 1}}), broken)
        assert await s.gh.graphql("query($a: Int) { n }", a=1) == {"n": 1}
        assert s.hub.made("POST", GRAPHQL)[0].data["variables"] == {"a": 1}
        with pytest.raises(UnclearAnswerError):
            await s.gh.graphql("mutation { n }")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (
            Reply(data={"errors": [{"type": "NOT_FOUND", "message": "m"}]}),
            GitHubNotFoundError,
        ),
        (
            Reply(data={"errors": [{"type": "FORBIDDEN", "message": "m"}]}),
            GitHubPermissionError,
        ),
        (Reply(data={"errors": [{"message": "m"}]}), GitHubRefusedError),
        (Reply(status=401, data={"message": "m"}), GitHubCredentialsError),
        (Reply(status=400, data={"message": "m"}), GitHubRefusedError),
        (Reply(data={"neither": 1}), GitHubRefusedError),
    ],
)
async def test_graphql_errors_have_names(reply: Reply, kind: type[NofxError]) -> None:
    """GraphQL says its refusals in the body."""
    async with scene() as s:
        s.hub.on("POST", GRAPHQL, reply)
        with pytest.raises(kind):
            await s.gh.graphql("{ n }")


async def test_no_token_shows_in_errors_or_logs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither a failing request nor a value's repr tells the token or the key."""
    async with scene(attempts=2) as s:
        s.hub.on("GET", THING, Reply(drop=True))
        with pytest.raises(GitHubUnavailableError) as caught:
            await s.gh.get(THING)
        assert s.hub.tokens == 1
        assert caught.value.__cause__ is None
        told = capsys.readouterr()
        shown = f"{caught.value!r}{caught.value.facts}{told.out}{told.err}"
        assert "github.retrying" in shown
        assert "ghs_" not in shown
