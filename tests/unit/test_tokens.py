"""Tokens as values: scopes, patterns of repositories, the form of a secret."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access.tokens import (
    PATTERN,
    SECRET,
    Scope,
    Token,
    digest_of,
    new_secret,
    prefix_of,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def a_token(
    *scopes: Scope,
    repositories: tuple[str, ...] = ("*",),
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
) -> Token:
    """Return a token of these scopes."""
    return Token(
        id="tok_1",
        prefix="abcdefgh",
        digest=digest_of("x"),
        name="",
        scopes=scopes or (Scope.READ,),
        repositories=repositories,
        created_at=NOON,
        expires_at=expires_at,
        revoked_at=revoked_at,
    )


@given(own=st.sampled_from(Scope), asked=st.sampled_from(Scope))
def test_a_scope_includes_itself_and_those_before_it(own: Scope, asked: Scope) -> None:
    """Read < operate < supervise < admin, and nothing else."""
    order = ["read", "operate", "supervise", "admin"]
    allowed = order.index(own) >= order.index(asked)
    assert a_token(own).allows(asked) is allowed


def test_the_widest_of_several_scopes_counts() -> None:
    """A token with gaps between its scopes is as strong as its strongest."""
    token = a_token(Scope.READ, Scope.SUPERVISE)
    assert token.allows(Scope.OPERATE)
    assert not token.allows(Scope.ADMIN)


@pytest.mark.parametrize(
    ("pattern", "repository", "sees"),
    [
        ("*", "octo/hello", True),
        ("octo/*", "octo/hello", True),
        ("octo/*", "octopus/hello", False),
        ("octo/hello", "Octo/Hello", True),
        ("octo/hello", "octo/hello-world", False),
        ("*/hello", "acme/hello", True),
        ("octo/h*o", "octo/hello", True),
        ("octo/hello", "octo/hell", False),
    ],
)
def test_patterns_match_whole_names(pattern: str, repository: str, sees: bool) -> None:  # noqa: FBT001  # a column
    """A star stands for anything; case does not matter, as at GitHub."""
    assert a_token(repositories=(pattern,)).sees(repository) is sees


@pytest.mark.parametrize("pattern", ["octo", "a/b/c", "octo/", "[a]/b", "a b/c", ""])
def test_other_forms_are_no_patterns(pattern: str) -> None:
    """What could be read in two ways is refused when the token is made."""
    assert PATTERN.fullmatch(pattern) is None


def test_a_token_ends_by_time_or_by_hand() -> None:
    """At its expiry it has expired; revoked goes before expired."""
    later = NOON + timedelta(days=1)
    token = a_token(expires_at=later)
    assert token.ended(later - timedelta(seconds=1)) is None
    assert token.ended(later) == "expired"
    assert a_token(expires_at=later, revoked_at=NOON).ended(later) == "revoked"


def test_every_secret_is_new_and_has_the_form() -> None:
    """Two are never one, and the prefix can be read from it."""
    secrets = {new_secret() for _ in range(200)}
    assert len(secrets) == 200
    for secret in secrets:
        assert SECRET.fullmatch(secret)
        assert prefix_of(secret) == secret[5:13]


@given(st.text(max_size=80))
def test_anything_else_has_no_prefix(text: str) -> None:
    """A guess is not looked up unless it has the form."""
    assert (prefix_of(text) is None) is (SECRET.fullmatch(text) is None)
