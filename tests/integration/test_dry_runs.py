"""A workflow has its pull request reviewed by a deployed bot, and nothing is posted."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import jwt
import pytest

from bot import silent_reviews
from bot.simulator.registering import new_private_key
from core.review.report import ReviewReport
from core.store.database import Database
from tests.fakes.road import REPO
from tests.fakes.workflow_jobs import Jobs, working_jobs


@pytest.fixture
async def jobs(
    tmp_path: Path, mongodb_url: str, database: Database
) -> AsyncIterator[Jobs]:
    """Give a bot that works, and an open pull request with one risky line."""
    async with working_jobs(tmp_path, mongodb_url, database.db.name) as stage:
        yield stage


@pytest.fixture
async def idle(
    tmp_path: Path, mongodb_url: str, database: Database
) -> AsyncIterator[Jobs]:
    """Give a bot at which no run is ever worked."""
    name = database.db.name
    async with working_jobs(tmp_path, mongodb_url, name, workers=0) as stage:
        # The pull request's own webhook asks GitHub for this and that.
        await stage.road.until_quiet()
        yield stage


async def test_a_workflow_gets_the_review_in_each_form(jobs: Jobs) -> None:
    """The report, annotations, a summary with code, and SARIF; GitHub sees nothing."""
    await jobs.road.until_checked(jobs.pull)
    await jobs.road.until_runs_end()
    before = [one for one in jobs.github.requests if one.method != "GET"]
    answer = await jobs.ask(jobs.token())
    assert answer.status == 200
    report = ReviewReport.model_validate(answer.body["report"])
    assert [one.rule for one in report.findings] == ["ruff:S602"]
    assert answer.body["annotations"].startswith("::error file=app.py,line=8")
    assert "subprocess.run(command, shell=True" in answer.body["summary"]
    assert answer.body["sarif"]["version"] == "2.1.0"
    assert answer.body["head_sha"] == jobs.road.head(jobs.pull)
    assert answer.headers["Cache-Control"] == "no-store"
    after = [one for one in jobs.github.requests if one.method != "GET"]
    # A token, and the changed files: GraphQL's questions are POSTs as well.
    written = {one.path for one in after[len(before) :]} - {"/graphql"}
    assert [one for one in written if not one.endswith("/access_tokens")] == []


async def test_the_run_is_kept_like_any_other(jobs: Jobs) -> None:
    """It can be looked at, says who asked, and stops at no gate."""
    answer = await jobs.ask(jobs.token(jobs.job(run=77)))
    runs = await jobs.road.until_runs_end()
    (dry,) = [one for one in runs if one["_id"] == answer.body["run_id"]]
    assert (dry["pipeline"], dry["origin"], dry["publish"]) == (
        "dry_run",
        "dry_run",
        False,
    )
    assert (dry["status"], dry["requested_by"]) == ("succeeded", "workflow:77.1")


async def test_asking_again_gets_the_same_review(jobs: Jobs) -> None:
    """A workflow asks until it is over; another attempt, or a push, is a new one."""
    first = await jobs.ask(jobs.token())
    again = await jobs.ask(jobs.token())
    assert again.body["run_id"] == first.body["run_id"]
    retried = await jobs.ask(jobs.token(run_attempt="2"))
    assert retried.body["run_id"] != first.body["run_id"]
    await jobs.road.push(jobs.pull, {"app.py": "COUNT = 1\n"})
    pushed = await jobs.ask(jobs.token())
    assert pushed.body["run_id"] != first.body["run_id"]
    assert pushed.body["report"]["findings"] == []


async def test_what_takes_longer_is_asked_for_again(idle: Jobs) -> None:
    """The answer says which run it is, and that it is not over."""
    answer = await idle.ask(idle.token(), query="?wait=0")
    assert (answer.status, answer.body["status"]) == (202, "queued")
    assert answer.headers["Retry-After"] == "1"
    again = await idle.ask(idle.token(), query="?wait=1")
    assert (again.status, again.body) == (202, answer.body)


async def test_a_dry_run_that_was_called_off_is_told(idle: Jobs) -> None:
    """Nobody waits for a report that will not come."""
    answer = await idle.ask(idle.token(), query="?wait=0")
    assert idle.road.bot is not None
    await idle.road.bot.operations.cancel(
        answer.body["run_id"], actor="ada", reason="not now"
    )
    ended = await idle.ask(idle.token())
    assert (ended.status, ended.body["code"]) == (409, "dry_run_ended")
    assert "cancelled: not now" in ended.body["detail"]


def unsigned(jobs: Jobs) -> str:
    """Return a token that nobody signed."""
    claims = {**jobs.job().claims, **lively(jobs)}
    return jwt.encode(claims, "", "none", headers={"kid": jobs.github.oidc.kid})


def signed_with_what_all_know(jobs: Jobs) -> str:
    """Return a token whose secret is the public key, for who believes its header."""
    claims = {**jobs.job().claims, **lively(jobs)}
    public = jobs.github.oidc.public_key.replace("-----", "")
    token = jwt.encode(claims, public, "HS256", headers={"kid": jobs.github.oidc.kid})
    return str(token)


def signed_by_another(jobs: Jobs) -> str:
    """Return a token that a stranger signed in the issuer's name."""
    claims = {**jobs.job().claims, **lively(jobs)}
    headers = {"kid": jobs.github.oidc.kid}
    return jwt.encode(claims, new_private_key(), "RS256", headers=headers)


def lively(jobs: Jobs) -> dict[str, Any]:
    """Return the issuer's own claims, all as they should be."""
    whole = jwt.decode(jobs.token(), options={"verify_signature": False})
    return {name: whole[name] for name in ("iss", "aud", "iat", "nbf", "exp")}


def altered(jobs: Jobs) -> str:
    """Return a token of which a claim was changed afterwards."""
    head, _, mark = jobs.token().split(".")
    other = jobs.token(repository="octo/other").split(".")[1]
    return f"{head}.{other}.{mark}"


def unknown_key(jobs: Jobs) -> str:
    """Return a token that names a key which the issuer does not have."""
    claims = jobs.job().claims
    return jobs.github.oidc.mint(claims, audience=jobs.url, kid="other")


REFUSED: dict[str, tuple[Any, str]] = {
    "no token": (lambda _: "", "This needs a token."),
    "no JWT": (lambda _: "nofx_abc", "it is no JSON Web Token"),
    "unsigned": (unsigned, "it is not signed by RS256"),
    "HS256": (signed_with_what_all_know, "it is not signed by RS256"),
    "stranger": (signed_by_another, "its signature is not its key's"),
    "altered": (altered, "its signature is not its key's"),
    "unknown key": (unknown_key, "the issuer has no key of that name"),
    "audience": (
        lambda jobs: jobs.token(audience="https://github.com/octo"),
        "it is for another audience",
    ),
    "issuer": (
        lambda jobs: jobs.token(iss="https://token.actions.githubusercontent.com"),
        "it is from another issuer",
    ),
    "expired": (lambda jobs: jobs.token(exp=1_700_000_000), "it has expired"),
    "too early": (lambda jobs: jobs.token(nbf=4_000_000_000), "it is not valid yet"),
    "no repository": (lambda jobs: jobs.token(run_id=7), "not GitHub's"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_no_other_token_counts(idle: Jobs, case: str) -> None:
    """Each is refused with its reason, and nothing is asked of GitHub for it."""
    forged, reason = REFUSED[case]
    before = len(idle.github.requests)
    answer = await idle.ask(forged(idle))
    assert answer.status == 401
    assert reason in answer.body["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert len(idle.github.requests) == before
    assert await runs_of(idle) == []


async def runs_of(jobs: Jobs) -> list[dict[str, Any]]:
    """Return the dry runs that there are."""
    return [one for one in await jobs.road.runs() if one["pipeline"] == "dry_run"]


FORBIDDEN: dict[str, tuple[dict[str, Any], int, str]] = {
    "another pull": (
        {"ref": "refs/pull/2/merge"},
        403,
        "it is not one of pull request 1",
    ),
    "another event": (
        {"event_name": "pull_request_target"},
        403,
        "its event is pull_request_target",
    ),
    "a name that moved": (
        {"repository_id": "1"},
        403,
        "its repository has another id by now",
    ),
    "not installed": (
        {"repository": "octo/elsewhere"},
        404,
        "The App is not installed on octo/elsewhere.",
    ),
}


@pytest.mark.parametrize("case", FORBIDDEN)
async def test_a_workflow_asks_for_its_own_alone(idle: Jobs, case: str) -> None:
    """What GitHub vouches for is what it may ask about."""
    claims, status, said = FORBIDDEN[case]
    answer = await idle.ask(idle.token(**claims))
    assert (answer.status, answer.headers["Content-Type"]) == (
        status,
        "application/problem+json; charset=utf-8",
    )
    assert said in answer.body["detail"]
    assert await runs_of(idle) == []


async def test_by_hand_any_pull_request_of_the_repository_may_be_named(
    jobs: Jobs,
) -> None:
    """A dispatched workflow is on no pull request; one that is not there is told."""
    token = jobs.token(jobs.job(event="workflow_dispatch"))
    assert (await jobs.ask(token)).status == 200
    assert (await jobs.ask(token, body={"pull": 99})).status == 404
    await jobs.github.close_pull(REPO, jobs.pull)
    closed = await jobs.ask(token)
    assert (closed.status, closed.body["code"]) == (409, "not_reviewed")


async def test_what_cannot_be_read_is_refused(idle: Jobs) -> None:
    """The part that is wrong is named, as everywhere in the API."""
    token = idle.token()
    bad = await idle.ask(token, body={"pull": 1, "repository": "octo/other"})
    assert (bad.status, bad.body["errors"][0]["pointer"]) == (422, "/repository")
    late = await idle.ask(token, query="?wait=61")
    assert (late.status, late.body["errors"][0]["pointer"]) == (422, "/wait")


async def test_a_repository_asks_so_often_and_no_more(
    idle: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workflow in a loop costs a bounded amount of work."""
    monkeypatch.setattr(silent_reviews, "MOST", 2)
    for attempt in ("1", "2"):
        token = idle.token(run_attempt=attempt)
        assert (await idle.ask(token, query="?wait=0")).status == 202
    refused = await idle.ask(idle.token(run_attempt="3"), query="?wait=0")
    assert (refused.status, refused.body["code"]) == (429, "too_many_dry_runs")
    assert 3500 < int(refused.headers["Retry-After"]) <= 3601
    known = await idle.ask(idle.token(run_attempt="2"), query="?wait=0")
    assert known.status == 202


async def test_a_dry_run_never_becomes_one_that_speaks(jobs: Jobs) -> None:
    """Its gates stop nothing, so a branch of it may not take a review's place."""
    answer = await jobs.ask(jobs.token())
    assert jobs.road.bot is not None
    operations = jobs.road.bot.operations
    run = await jobs.road.bot.base.runs.load(answer.body["run_id"])
    begun = await operations.branch(
        run.id,
        run.checkpoint_id or "",
        overrides={},
        publish=True,
        actor="ada",
        reason="why not",
    )
    assert not begun.run.publish


async def test_the_answer_is_as_described(jobs: Jobs) -> None:
    """A client that is made from the description understands it."""
    answer = await jobs.ask(jobs.token())
    assert jobs.road.bot is not None
    described = (await api_description(jobs))["components"]["schemas"]
    schema = {
        "$ref": "#/components/schemas/DryRunDetail",
        "components": {"schemas": described},
    }
    jsonschema.validate(answer.body, schema)


async def api_description(jobs: Jobs) -> dict[str, Any]:
    """Return what the bot says of its API."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{jobs.url}/openapi.json") as answer,
    ):
        found: dict[str, Any] = await answer.json()
        return found
