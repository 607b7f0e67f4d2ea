"""Keys of an issuer are asked for when they are needed, and never for a stranger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from jwt.algorithms import RSAAlgorithm

from bot.github.signing_keys import LARGEST_DOCUMENT, SigningKeys
from bot.simulator.registering import public_key_of
from core.errors import SigningKeysUnavailableError
from tests.fakes.clock import FakeClock
from tests.fakes.simulated_github import private_key


def shown(kid: str, **other: Any) -> dict[str, Any]:
    """Return a good key as an issuer shows it, or one that differs in something."""
    key = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(public_key_of(private_key()))
    public = RSAAlgorithm.to_jwk(key, as_dict=True)
    return {**public, "kid": kid, "use": "sig", "alg": "RS256", **other}


@dataclass
class Issuer:
    """An issuer that answers as a test wants, and counts who asks."""

    url: str = ""
    keys: Any = field(default_factory=lambda: [shown("one")])
    configuration: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    padding: str = ""
    asked: int = 0

    async def show_configuration(self, _: web.Request) -> web.Response:
        """Answer with the configuration."""
        self.asked += 1
        body = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        headers = {"Location": f"{self.url}/keys"} if self.status == 302 else {}
        return web.json_response(
            {**body, **self.configuration}, status=self.status, headers=headers
        )

    async def show_keys(self, _: web.Request) -> web.Response:
        """Answer with the keys."""
        return web.json_response({"keys": self.keys, "padding": self.padding})


@asynccontextmanager
async def issuing(clock: FakeClock) -> AsyncIterator[tuple[Issuer, SigningKeys]]:
    """Let an issuer listen, and give what asks it."""
    issuer = Issuer()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", issuer.show_configuration)
    app.router.add_get("/keys", issuer.show_keys)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        issuer.url = str(server.make_url("")).rstrip("/")
        yield issuer, SigningKeys(issuer.url, session=session, clock=clock)


async def test_keys_are_asked_for_once_an_hour(clock: FakeClock) -> None:
    """A key that is known costs no request, until the hour is over."""
    async with issuing(clock) as (issuer, keys):
        for _ in range(3):
            assert await keys.of("one") is not None
        assert issuer.asked == 1
        await clock.advance(3601)
        assert await keys.of("one") is not None
        assert issuer.asked == 2


async def test_a_new_key_is_found_and_a_made_up_one_costs_little(
    clock: FakeClock,
) -> None:
    """The issuer changes its keys at will; strangers cannot make us ask it."""
    async with issuing(clock) as (issuer, keys):
        assert await keys.of("one") is not None
        for number in range(20):
            assert await keys.of(f"made up {number}") is None
        assert issuer.asked == 1
        issuer.keys = [shown("two")]
        await clock.advance(60)
        assert await keys.of("two") is not None
        assert await keys.of("one") is None
        assert issuer.asked == 2


async def test_an_issuer_that_is_away_is_asked_once_a_minute(clock: FakeClock) -> None:
    """Nobody is called unknown because we could not ask; a known key still counts."""
    async with issuing(clock) as (issuer, keys):
        issuer.status = 503
        with pytest.raises(SigningKeysUnavailableError, match="it answered 503"):
            await keys.of("one")
        with pytest.raises(SigningKeysUnavailableError, match="within the last minute"):
            await keys.of("one")
        assert issuer.asked == 1
        issuer.status = 200
        await clock.advance(60)
        assert await keys.of("one") is not None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": 302}, "it answered 302"),
        ({"configuration": {"issuer": "https://evil.example"}}, "another issuer's"),
        ({"configuration": {"jwks_uri": "https://evil.example/keys"}}, "elsewhere"),
        ({"configuration": {"jwks_uri": "http://[/keys"}}, "elsewhere"),
        ({"configuration": {"jwks_uri": 7}}, "elsewhere"),
        ({"keys": {"one": 1}}, "its keys are no list"),
        ({"padding": "x" * LARGEST_DOCUMENT}, "more than"),
    ],
)
async def test_what_is_no_issuer_is_not_believed(
    clock: FakeClock, changes: dict[str, Any], reason: str
) -> None:
    """Keys come from the issuer itself, and in a bounded answer."""
    async with issuing(clock) as (issuer, keys):
        for name, value in changes.items():
            setattr(issuer, name, value)
        with pytest.raises(SigningKeysUnavailableError, match=reason):
            await keys.of("one")


async def test_nobody_at_the_address_is_told(clock: FakeClock) -> None:
    """The error names the issuer."""
    async with aiohttp.ClientSession() as session:
        keys = SigningKeys("http://127.0.0.1:1", session=session, clock=clock)
        with pytest.raises(SigningKeysUnavailableError, match=r"127\.0\.0\.1:1"):
            await keys.of("one")


@pytest.mark.parametrize(
    "other",
    [
        {"kty": "EC"},
        {"use": "enc"},
        {"n": "AQAB"},
        {"n": "!"},
        {"n": None},
        {"alg": "ES256"},
        {"alg": "HS256", "kty": "oct", "k": "c2VjcmV0"},
    ],
)
async def test_a_key_that_does_not_suit_is_left_out(
    clock: FakeClock, other: dict[str, Any]
) -> None:
    """Weak, broken and other keys sign nothing; those beside them do."""
    async with issuing(clock) as (issuer, keys):
        issuer.keys = [shown("bad", **other), "no key", shown("good")]
        assert await keys.of("good") is not None
        assert await keys.of("bad") is None
