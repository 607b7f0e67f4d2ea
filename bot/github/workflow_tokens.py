"""What a workflow proves itself with: the token that GitHub Actions signs for a job.

Source: GitHub's "OpenID Connect reference", the claims of the token.
"""

from dataclasses import dataclass
from typing import Any

import jwt
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from bot.github.signing_keys import ALGORITHM, SigningKeys
from core.clock import Clock
from core.errors import WorkflowTokenRefusedError

# Two machines' clocks may be so far apart.
LEEWAY_SECONDS = 60
NEEDED = ("exp", "iat", "iss", "aud", "repository", "repository_id", "run_id")
REASONS: dict[type[jwt.PyJWTError], str] = {
    jwt.InvalidAudienceError: "it is for another audience",
    jwt.InvalidIssuerError: "it is from another issuer",
    jwt.InvalidSignatureError: "its signature is not its key's",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A job of a workflow run, as GitHub vouches for it."""

    repository: str
    repository_id: str
    event_name: str
    ref: str
    sha: str
    run_id: str
    run_attempt: str

    @property
    def name(self) -> str:
        """Return the name under which it asks, the same for all of a run's jobs."""
        return f"workflow:{self.run_id}.{self.run_attempt}"


@checked(frozen=True, kw_only=True)
class _Claims:
    """The claims that count; GitHub writes numbers as text, save for times."""

    exp: float
    iat: float
    nbf: float = 0
    repository: str
    repository_id: str
    run_id: str
    event_name: str = ""
    ref: str = ""
    sha: str = ""
    run_attempt: str = "1"


CLAIMS = TypeAdapter(_Claims)


class WorkflowTokens:
    """Tells whose token it is, for one audience; nothing in it counts before that."""

    def __init__(
        self, keys: SigningKeys, *, issuer: str, audience: str, clock: Clock
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    async def verify(self, token: str) -> Workflow:
        """Return the job that a token was made for.

        Raises WorkflowTokenRefusedError, SigningKeysUnavailableError.
        """
        kid = self._key_id(token)
        key = await self._keys.of(kid)
        if key is None:
            raise self._refused("the issuer has no key of that name")
        try:
            # PyJWT reads the machine's clock itself: times are judged below, by ours.
            found: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": list(NEEDED),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            claims = CLAIMS.validate_python(found)
        except jwt.PyJWTError as error:
            known = REASONS.get(type(error), "it is not well formed")
            raise self._refused(known) from None
        except ValidationError:
            raise self._refused("its claims are not GitHub's") from None
        self._check_times(claims)
        return Workflow(
            repository=claims.repository,
            repository_id=claims.repository_id,
            event_name=claims.event_name,
            ref=claims.ref,
            sha=claims.sha,
            run_id=claims.run_id,
            run_attempt=claims.run_attempt,
        )

    def _key_id(self, token: str) -> str:
        try:
            header = jwt.get_unverified_header(token)
        # Bytes of a header that are no text are nothing that can be encoded.
        except (jwt.PyJWTError, UnicodeEncodeError):
            raise self._refused("it is no JSON Web Token") from None
        if header.get("alg") != ALGORITHM:
            raise self._refused(f"it is not signed by {ALGORITHM}")
        kid = header.get("kid")
        if not isinstance(kid, str):
            raise self._refused("it names no key")
        return kid

    def _check_times(self, claims: _Claims) -> None:
        now = self._clock.now().timestamp()
        if claims.exp <= now - LEEWAY_SECONDS:
            raise self._refused("it has expired")
        if max(claims.iat, claims.nbf) > now + LEEWAY_SECONDS:
            raise self._refused("it is not valid yet")

    def _refused(self, reason: str) -> WorkflowTokenRefusedError:
        return WorkflowTokenRefusedError(
            reason=reason, audience=self._audience, issuer=self._issuer
        )
