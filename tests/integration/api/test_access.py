"""Who may ask: tokens, scopes, repositories, and what a refusal says."""

from datetime import timedelta

import pytest

from core.access.tokens import Scope
from core.errors import TokenRefusedError
from tests.fakes.api import ApiStage

UNKNOWN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"


async def test_without_a_token_nothing_is_told(api: ApiStage) -> None:
    """The refusal names the scheme and the way to a token."""
    answer = await api.ask("/runs", secret="")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="nofx"'
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.body["code"] == "token_missing"
    assert "nofx token create" in answer.body["hint"]


@pytest.mark.parametrize(
    "secret",
    ["x", "nofx_abcdefgh_" + "a" * 40, "nofx_", "\xe4", "nofx_" + "a" * 5000],
)
async def test_an_unknown_token_is_refused(api: ApiStage, secret: str) -> None:
    """Whatever is shown as a token, it is a clear 401."""
    answer = await api.ask("/runs", secret=secret)
    assert answer.status == 401
    assert answer.body["code"] == "token_refused"
    assert "invalid_token" in answer.headers["WWW-Authenticate"]


async def test_bytes_that_are_no_text_are_no_token(api: ApiStage) -> None:
    """They arrive as halves of characters, and are refused like any other."""
    with pytest.raises(TokenRefusedError, match="not known"):
        await api.base.tokens.authenticate("nofx_\udcff\udcfe")


async def test_the_right_prefix_alone_does_not_count(api: ApiStage) -> None:
    """Every letter of the secret counts, and the answer tells nothing about it."""
    secret = await api.token()
    last = "b" if secret.endswith("a") else "a"
    answer = await api.ask("/runs", secret=secret[:-1] + last)
    assert answer.status == 401
    assert "not known" in answer.body["detail"]


async def test_a_revoked_token_stops_at_once(api: ApiStage) -> None:
    """The next request with it is refused, and says why."""
    secret = await api.token()
    assert (await api.ask("/runs", secret=secret)).status == 200
    await api.base.tokens.revoke(secret[:13])
    answer = await api.ask("/runs", secret=secret)
    assert answer.status == 401
    assert "revoked" in answer.body["detail"]


async def test_an_expired_token_is_refused(api: ApiStage) -> None:
    """A token counts until its time and no longer."""
    secret = await api.token(life=timedelta(milliseconds=1))
    answer = await api.ask("/runs", secret=secret)
    assert answer.status == 401
    assert "expired" in answer.body["detail"]


@pytest.mark.parametrize("scope", list(Scope))
async def test_every_scope_may_read(api: ApiStage, scope: Scope) -> None:
    """A scope includes those before it."""
    secret = await api.token(scope)
    assert (await api.ask("/runs", secret=secret)).status == 200


async def test_a_foreign_repository_is_not_there(api: ApiStage) -> None:
    """What a token may not see is the same 404 as what does not exist."""
    run_id = await api.stage.ask()
    secret = await api.token(repositories=["octo/other", "acme/*"])
    foreign = await api.ask(f"/runs/{run_id}", secret=secret)
    missing = await api.ask(f"/runs/{UNKNOWN}", secret=secret)
    assert (foreign.status, missing.status) == (404, 404)
    assert foreign.body["code"] == missing.body["code"] == "run_not_found"
    assert (await api.ask("/runs", secret=secret)).body["runs"] == []
    own = await api.token(repositories=["OCTO/*"])
    assert (await api.ask(f"/runs/{run_id}", secret=own)).status == 200
    (line,) = (await api.ask("/runs", secret=own)).body["runs"]
    assert line["id"] == run_id


async def test_the_description_needs_no_token(api: ApiStage) -> None:
    """Whoever wants to write a client can read what there is."""
    assert (await api.ask("/openapi.json", secret="")).status == 200


async def test_the_first_token_is_made_once(api: ApiStage) -> None:
    """Who starts nofx for the first time gets one for everything, and nobody after."""
    issued = await api.base.tokens.first()
    assert issued is not None
    assert (await api.ask("/runs", secret=issued.secret)).status == 200
    await api.base.tokens.revoke(issued.token.prefix)
    assert await api.base.tokens.first() is None
