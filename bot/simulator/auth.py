"""Who is calling: an App by its signed token, or one of its installations."""

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from bot.simulator.answers import (
    RefusedError,
    bad_credentials,
    not_found,
    not_permitted,
)
from bot.simulator.records import App, Installation, Repository, Token
from bot.simulator.world import World

LONGEST_LIFE = 600
TOKEN_LIFE = timedelta(hours=1)
LEVELS = {"read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The App that calls, with the installation's token when it uses one."""

    app: App
    token: Token | None = None

    @property
    def login(self) -> str:
        """Return the name that its comments will carry."""
        return self.app.login

    @property
    def key(self) -> str:
        """Return what its rate limit is counted under."""
        if self.token is None:
            return f"app:{self.app.id}"
        return f"installation:{self.token.installation.id}"

    def allows(self, need: str) -> bool:
        """Say whether the token grants a permission such as `checks:write`."""
        if self.token is None:
            return False
        name, _, level = need.partition(":")
        return LEVELS.get(self.token.permissions.get(name, ""), 0) >= LEVELS[level]

    def covers(self, repository: Repository) -> bool:
        """Say whether the token reaches a repository."""
        names = self.token.repositories if self.token else ()
        return repository.full_name.lower() in map(str.lower, names)


def identify(world: World, authorization: str) -> Actor:
    """Return who an Authorization header names; 401 when it names nobody."""
    scheme, _, value = authorization.partition(" ")
    if not value or scheme.lower() not in ("bearer", "token"):
        raise RefusedError(401, "Requires authentication")
    if not value.startswith("ghs_"):
        return Actor(app=app_of(world, value))
    token = world.tokens.get(value)
    if token is None or token.expires_at <= world.now():
        raise bad_credentials()
    return Actor(app=token.installation.app, token=token)


def app_of(world: World, value: str) -> App:
    """Return the App that signed a JSON Web Token, judged by GitHub's rules."""
    claims = _claims(value, None)
    found = [
        app
        for app in world.apps.values()
        if str(claims.get("iss")) in (str(app.id), app.client_id)
    ]
    if not found:
        raise RefusedError(404, "Integration not found")
    claims = _claims(value, found[0].public_key)
    now = world.now().timestamp()
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now:
        raise RefusedError(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that"
            " the assertion was issued",
        )
    if not isinstance(expires, int) or expires <= now:
        raise RefusedError(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the"
            " future time at which the assertion expires",
        )
    if expires > now + LONGEST_LIFE:
        raise RefusedError(
            401, "'Expiration time' claim ('exp') is too far in the future"
        )
    return found[0]


def _claims(value: str, public_key: str | None) -> dict[str, Any]:
    """Decode a token, and verify its signature when the key is given."""
    try:
        # PyJWT's own time checks are off: the simulator's clock decides.
        return jwt.decode(
            value,
            public_key or "",
            algorithms=["RS256"],
            options={
                "verify_signature": public_key is not None,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_iss": False,
                "verify_sub": False,
            },
        )
    except jwt.PyJWTError as error:
        raise RefusedError(401, "A JSON web token could not be decoded") from error


def issue_token(
    world: World,
    installation: Installation,
    permissions: dict[str, str] | None,
    repositories: list[str] | None,
) -> Token:
    """Make a token for an hour, with all that was granted or the part asked for."""
    granted = installation.permissions
    for name, level in (permissions or {}).items():
        if LEVELS.get(level, 9) > LEVELS.get(granted.get(name, ""), 0):
            raise RefusedError(
                422,
                "The permissions requested are not granted to this installation.",
            )
    reach = repositories if repositories is not None else installation.repositories
    token = Token(
        value=_token_value(),
        installation=installation,
        permissions=dict(granted if permissions is None else permissions),
        repositories=tuple(reach),
        expires_at=world.now().replace(microsecond=0) + TOKEN_LIFE,
        narrowed=repositories is not None,
    )
    world.tokens[token.value] = token
    return token


def _token_value() -> str:
    """Return a token in the long, dotted form that GitHub gives out since 2026."""
    parts = [
        base64.urlsafe_b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()
        for size in (27, 93, 266)
    ]
    return f"ghs_{'.'.join(parts)}"


def require(actor: Actor, by: str, needs: tuple[str, ...]) -> None:
    """Refuse a caller of the wrong kind, or one without any of the permissions."""
    if by == "app" and actor.token is not None:
        raise RefusedError(401, "A JSON web token could not be decoded")
    if by == "installation":
        if actor.token is None:
            raise bad_credentials()
        if needs and not any(actor.allows(need) for need in needs):
            raise not_permitted()


def installation_of(world: World, actor: Actor, number: int) -> Installation:
    """Return one of the App's installations, or 404."""
    found = world.installations.get(number)
    if found is None or found.app is not actor.app:
        raise not_found()
    return found
