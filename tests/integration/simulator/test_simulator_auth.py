"""Who may call the simulator: signed tokens, access tokens, permissions."""

import jwt
import pytest

from tests.fakes.simulated_github import REPO, SimulatedGitHub
from tests.judges.github_requests import GitHubJudges

APP_PATHS = (
    "/app",
    "/app/installations/{installation}",
    f"/repos/{REPO}/installation",
    "/app/hook/config",
    "/app/hook/deliveries",
)


@pytest.mark.parametrize("path", APP_PATHS)
async def test_the_app_learns_about_itself(
    path: str, github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """With its signed token the App reads who and where it is."""
    github.caller.as_app(github.now)
    whole = path.format(installation=github.installation)
    reply = await github.caller.get(whole)
    assert reply.status == 200
    assert github_judges.openapi.check_answer("GET", whole, 200, reply.body) == []


async def test_the_app_lists_its_installations(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """Each is as valid as it is alone."""
    github.caller.as_app(github.now)
    (listed,) = (await github.caller.get("/app/installations")).body
    path = f"/app/installations/{github.installation}"
    # The list's own schema wants an account to be a user and an enterprise at once.
    assert github_judges.openapi.check_answer("GET", path, 200, listed) == []


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"iat": 10}, 401),
        ({"iat": "soon"}, 401),
        ({"exp": -1}, 401),
        ({"exp": 600}, 200),
        ({"exp": 601}, 401),
        ({"iss": "999"}, 404),
    ],
)
async def test_the_times_and_issuer_of_a_signed_token_are_checked(
    claims: dict[str, object], status: int, github: SimulatedGitHub
) -> None:
    """Numbers are seconds from now; ten minutes is the longest life."""
    now = int(github.now)
    given = {
        name: now + value if isinstance(value, int) else value
        for name, value in claims.items()
    }
    github.caller.as_app(now, **given)
    assert (await github.caller.get("/app")).status == status


async def test_a_signature_by_another_key_is_refused(github: SimulatedGitHub) -> None:
    """The App is known by its key, not by its number."""
    other = github.simulator.register_app(slug="other")
    claims = {"iss": str(github.app.app_id), "iat": 0, "exp": int(github.now) + 60}
    token = jwt.encode(claims, other.private_key, algorithm="RS256")
    github.caller.as_nobody(f"Bearer {token}")
    assert (await github.caller.get("/app")).status == 401


async def test_a_client_id_may_stand_for_the_number(github: SimulatedGitHub) -> None:
    """GitHub takes either as the issuer."""
    github.caller.as_app(github.now, iss=github.app.client_id)
    assert (await github.caller.get("/app")).body["id"] == github.app.app_id


@pytest.mark.parametrize("header", ["", "Basic eDp5", "token ghs_no", "Bearer x.y.z"])
async def test_bad_credentials_are_refused(
    header: str, github: SimulatedGitHub
) -> None:
    """Neither nobody nor an unknown token gets in."""
    github.caller.as_nobody(header)
    assert (await github.caller.get(f"/repos/{REPO}")).status == 401


async def test_an_access_token_is_long_dotted_and_lasts_an_hour(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """After an hour it is as good as none."""
    reply = await github.caller.as_installation(github.now, github.installation)
    token = reply.body["token"]
    assert token.startswith("ghs_")
    assert len(token) > 500
    assert token.count(".") == 2
    assert reply.body["expires_at"] == "2026-01-05T13:00:00Z"
    path = f"/app/installations/{github.installation}/access_tokens"
    assert github_judges.openapi.check_answer("POST", path, 201, reply.body) == []
    assert (await github.caller.get(f"/repos/{REPO}")).status == 200
    github.clock.jump(3601)
    assert (await github.caller.get(f"/repos/{REPO}")).status == 401


async def test_a_token_may_be_narrowed_but_not_widened(
    github: SimulatedGitHub, github_judges: GitHubJudges
) -> None:
    """What was not granted cannot be asked for; what is left out is gone."""
    number = github.installation
    wide = {"permissions": {"administration": "write"}}
    refused = await github.caller.as_installation(github.now, number, **wide)
    assert refused.status == 422
    unknown = {"repositories": ["elsewhere"]}
    lost = await github.caller.as_installation(github.now, number, **unknown)
    assert lost.status == 422
    narrow = {"permissions": {"metadata": "read"}, "repositories": ["hello"]}
    reply = await github.caller.as_installation(github.now, number, **narrow)
    path = f"/app/installations/{number}/access_tokens"
    assert github_judges.openapi.check_answer("POST", path, 201, reply.body) == []
    assert (await github.caller.get(f"/repos/{REPO}")).status == 200
    pulls = await github.caller.get(f"/repos/{REPO}/pulls/1")
    assert pulls.status == 403
    assert pulls.body["message"] == "Resource not accessible by integration"


async def test_each_kind_of_token_has_its_own_doors(github: SimulatedGitHub) -> None:
    """An access token is no App, and the App's own token opens no repository."""
    assert (await github.caller.get("/app")).status == 401
    github.caller.as_app(github.now)
    assert (await github.caller.get(f"/repos/{REPO}")).status == 401


async def test_what_is_not_installed_is_not_there(github: SimulatedGitHub) -> None:
    """A repository that the token does not reach answers 404, as does a stranger's."""
    simulator = github.simulator
    simulator.add_repository("octo/secret", github.repository.path, private=True)
    assert (await github.caller.get("/repos/octo/secret")).status == 404
    assert (await github.caller.get("/repos/octo/none")).status == 404
    listed = await github.caller.get("/installation/repositories")
    assert listed.body["total_count"] == 1
    github.caller.as_app(github.now)
    for path in ("/repos/octo/secret/installation", "/app/installations/1"):
        assert (await github.caller.get(path)).status == 404
    assert simulator.install("octo/secret") == github.installation
    path = "/repos/octo/secret/installation"
    assert (await github.caller.get(path)).body["id"] == github.installation


async def test_another_app_has_no_part_in_it(github: SimulatedGitHub) -> None:
    """An App sees its own installations only."""
    other = github.simulator.register_app(slug="other", events=(), permissions={})
    assert "PRIVATE" not in repr(other)
    secret = repr(github.app)
    assert github.app.private_key not in secret
    assert github.app.webhook_secret not in secret
    github.caller.as_app(github.now, iss=str(other.app_id))
    assert (await github.caller.get("/app")).status == 401
