"""`nofx token` on a real database: made once, listed without secrets, revoked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.fakes.cli import bare_cli, nofx


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Give the command line a database of its own, and its address."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        yield url


def test_a_secret_is_shown_once_and_kept_nowhere(address: str) -> None:
    """Alone on standard output, so that a script can take it; then never again."""
    made = nofx("token", "create", "--scope", "read", "--name", "dashboard")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert made.stdout == f"{secret}\n"
    assert "shown only now" in made.stderr
    listed = nofx("token", "list")
    assert secret[5:13] in listed.stdout
    assert "dashboard" in listed.stdout
    assert secret[14:] not in listed.output
    client: MongoClient[dict[str, Any]] = MongoClient(address)
    with client:
        kept = list(client.get_default_database()["tokens"].find())
    assert len(kept) == 1
    assert secret[14:] not in repr(kept)


def test_machines_get_json() -> None:
    """Every fact has a name; the secret is in the first answer alone."""
    made = nofx(
        *("token", "create", "--scope", "operate", "--scope", "read", "--json"),
        *("--repository", "octo/*", "--expires", "30d"),
    )
    assert made.exit_code == 0, made.output
    facts = json.loads(made.stdout)
    assert facts["scopes"] == ["read", "operate"]
    assert facts["repositories"] == ["octo/*"]
    assert facts["expires_at"] > facts["created_at"]
    (listed,) = json.loads(nofx("token", "list", "--json").stdout)
    secret = facts.pop("secret")
    assert listed == facts
    revoked = json.loads(nofx("token", "revoke", secret[5:13], "--json").stdout)
    assert revoked["state"] == "revoked"
    assert "revoked" in nofx("token", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--scope", "read", "--expires", "soon"), "30d"),
        (("create", "--scope", "read", "--expires", "0d"), "later than now"),
        (("create", "--scope", "read", "--repository", "octo"), "owner/*"),
        (("create", "--scope", "read", "--name", "x" * 101), "100 characters"),
        (("create",), "scope"),
        (("create", "--scope", "everything"), "everything"),
        (("revoke", "unknown1"), "no token unknown1"),
    ],
)
def test_bad_wishes_are_refused_with_a_way_out(
    arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2, nothing on standard output, nothing made."""
    shown = nofx("token", *arguments)
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert said in shown.stderr
    assert "There is no token" in nofx("token", "list").stdout
