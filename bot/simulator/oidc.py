"""The issuer of workflows' tokens, as GitHub Actions has one: its keys, and tokens.

Source of the claims: GitHub's "OpenID Connect reference".
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jwt
from aiohttp import web
from jwt.algorithms import RSAAlgorithm

from bot.simulator.answers import Json
from bot.simulator.records import Pull, Repository
from bot.simulator.registering import new_private_key, public_key_of
from bot.simulator.world import World

ROOT = "/actions/oidc"
LIFE_SECONDS = 300
# GitHub's tokens count from before they were made: machines' clocks differ.
EARLIER_SECONDS = 600


@dataclass(kw_only=True)
class Job:
    """A job that may ask for tokens; `claims` are what GitHub would vouch for.

    `environment` is what the runner gives to a job with `id-token: write`.
    """

    claims: Json
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    environment: Mapping[str, str] = field(default_factory=dict)


class Issuer:
    """Answers under `/actions/oidc`, and signs what it is asked to."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._jobs: dict[str, Job] = {}
        self.kid = secrets.token_hex(8)
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        """Return the issuer's name, which is its address."""
        return f"{self._world.url}{ROOT}"

    @cached_property
    def private_key(self) -> str:
        """Return what tokens are signed with, as PEM text."""
        return new_private_key()

    @property
    def public_key(self) -> str:
        """Return what everybody may know, as PEM text."""
        return public_key_of(self.private_key)

    def add_to(self, application: web.Application) -> None:
        """Add the issuer's documents, and where jobs ask for tokens."""
        router = application.router
        router.add_get(f"{ROOT}/.well-known/openid-configuration", self._configuration)
        router.add_get(f"{ROOT}/.well-known/jwks", self._keys)
        router.add_get(f"{ROOT}/token", self._token)

    def job(
        self, repository: Repository, pull: Pull | None, *, event: str, run: int
    ) -> Job:
        """Begin a job of a workflow run, on a pull request or by hand."""
        name, owner = repository.full_name, repository.full_name.partition("/")[0]
        ref, sha = f"refs/heads/{repository.default_branch}", "0" * 40
        if pull is not None and event == "pull_request":
            ref, sha = f"refs/pull/{pull.number}/merge", pull.head_sha
        job = Job(
            claims={
                "sub": f"repo:{name}:{event}",
                "repository": name,
                "repository_id": str(repository.id),
                "repository_owner": owner,
                "event_name": event,
                "ref": ref,
                "sha": sha,
                "run_id": str(run),
                "run_number": "1",
                "run_attempt": "1",
                "runner_environment": "github-hosted",
            }
        )
        job.environment = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": job.secret,
        }
        self._jobs[job.secret] = job
        return job

    def mint(self, claims: Mapping[str, Any], *, audience: str, **headers: str) -> str:
        """Sign a token; claims that are given stand before the issuer's own."""
        now = int(self._world.now().timestamp())
        whole = {
            "iss": self.url,
            "aud": audience,
            "jti": secrets.token_hex(16),
            "iat": now,
            "nbf": now - EARLIER_SECONDS,
            "exp": now + LIFE_SECONDS,
            **claims,
        }
        named = {"kid": self.kid, **headers}
        return jwt.encode(whole, self.private_key, algorithm="RS256", headers=named)

    async def _configuration(self, request: web.Request) -> web.Response:
        self.requests.append(request.path)
        body = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return web.json_response(body)

    async def _keys(self, request: web.Request) -> web.Response:
        self.requests.append(request.path)
        key = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(self.public_key)
        public = RSAAlgorithm.to_jwk(key, as_dict=True)
        shown = {**public, "kid": self.kid, "alg": "RS256", "use": "sig"}
        return web.json_response({"keys": [shown]})

    async def _token(self, request: web.Request) -> web.Response:
        """Give a token to the job that shows its secret."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        job = self._jobs.get(secret)
        if scheme.lower() != "bearer" or job is None:
            raise web.HTTPUnauthorized(text="The job is not known.")
        audience = request.query.get("audience") or f"{self._world.url}/{secret[:4]}"
        value = self.mint(job.claims, audience=audience)
        return web.json_response({"count": 1, "value": value})
