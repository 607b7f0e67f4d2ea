"""`nofx memory keys` on a real database: a whole rotation, and what is refused."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from typer.testing import Result

from bot.base import opened
from bot.settings import load_settings
from core.memory.keys.written import read_keys
from tests.fakes.cli import bare_cli, nofx
from tests.fakes.memory import PULL

LONG_AGO = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Give the command line a database and a file of keys, and their address."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        path = tmp_path / "memory.keys"
        path.touch(0o600)
        path.write_text(nofx("memory", "keys", "generate", "k1").stdout)
        monkeypatch.setenv("NOFX_MEMORY_KEY_FILE", str(path))
        yield url


def keys(*arguments: str) -> Result:
    """Run one command that goes well."""
    done = nofx("memory", "keys", *arguments)
    assert done.exit_code == 0, done.output
    return done


def listed() -> list[tuple[str, str, dict[str, int]]]:
    """Return what is said of each key."""
    found = json.loads(keys("list", "--json").stdout)
    assert all(one["proved"] for one in found if one["state"] != "retired")
    return [(one["id"], one["state"], one["under"]) for one in found]


def begin_a_session() -> None:
    """Let something be remembered, as the service does."""

    async def begin() -> None:
        async with opened(load_settings(None), warm=False) as base:
            await base.memory.opened().of(PULL)

    asyncio.run(begin())


def settle(address: str) -> None:
    """Let it be long ago that the first key was replaced."""
    client: MongoClient[dict[str, Any]] = MongoClient(address)
    with client:
        client.get_default_database()["memory_keys"].update_one(
            {"_id": "ring"}, {"$set": {"keys.0.replaced_at": LONG_AGO}}
        )


def second_key(folder: Path) -> None:
    """Append a second key to the file."""
    with (folder / "memory.keys").open("a") as file:
        file.write(keys("generate", "k2").stdout)


def test_a_rotation_from_the_keyboard(tmp_path: Path, address: str) -> None:
    """Generated, added, promoted, re-wrapped, retired; each step names the next."""
    begin_a_session()
    second_key(tmp_path)
    assert list(read_keys(tmp_path / "memory.keys")) == ["k1", "k2"]

    assert "promote" in keys("add", "k2").stdout
    assert "rewrap" in keys("promote", "k2").stdout
    assert listed() == [("k1", "added", {"sessions": 1}), ("k2", "active", {})]
    assert keys("rewrap").stdout == "1 moved to k2, 0 left.\n"
    settle(address)
    assert keys("retire", "k1").stdout == "Key k1 is retired.\n"

    assert listed() == [("k1", "retired", {}), ("k2", "active", {"sessions": 1})]
    lines = keys("list").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["KEY", "STATE"],
        ["k1", "retired"],
        ["k2", "active"],
    ]
    assert lines[2].endswith("proved")


def test_a_key_that_is_needed_is_lost_only_for_a_reason(
    tmp_path: Path, address: str
) -> None:
    """How many sessions that costs is said."""
    begin_a_session()
    second_key(tmp_path)
    keys("add", "k2")
    keys("promote", "k2")
    settle(address)

    refused = nofx("memory", "keys", "retire", "k1")
    assert refused.exit_code == 3
    assert "still needed: 1 are under it" in refused.stderr
    unreasoned = nofx("memory", "keys", "retire", "k1", "--force-shred")
    assert unreasoned.exit_code == 2
    assert "--reason" in unreasoned.stderr
    lost = keys("retire", "k1", "--force-shred", "--reason", "it leaked")
    assert "1 session cannot be read any more." in lost.stdout


def test_what_cannot_be_is_said_with_its_reason(tmp_path: Path) -> None:
    """An unknown key, an active one, an id that is none; and no key is shown."""
    listed()
    for arguments, code, said in (
        (("add", "k9"), 3, "The memory key k9 is not among the keys"),
        (("promote", "k9"), 2, "it was not added"),
        (("retire", "k1"), 2, "promote another one first"),
        (("generate", "k 9"), 2, "letters"),
    ):
        refused = nofx("memory", "keys", *arguments)
        assert (refused.exit_code, said in refused.stderr) == (code, True), arguments
        assert (tmp_path / "memory.keys").read_text()[5:30] not in refused.output


def test_another_file_of_keys_is_noticed_and_changes_nothing(tmp_path: Path) -> None:
    """The list says what is wrong; everything else refuses."""
    begin_a_session()
    path = tmp_path / "memory.keys"
    path.write_text(keys("generate", "k1").stdout)

    assert "not the key that was used" in keys("list").stdout
    for arguments in (("rewrap",), ("add", "k1"), ("promote", "k1")):
        refused = nofx("memory", "keys", *arguments)
        assert refused.exit_code == 3
        assert "The memory key k1 is not the key" in refused.stderr


def test_without_keys_memory_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out is said."""
    monkeypatch.delenv("NOFX_MEMORY_KEY_FILE")
    refused = nofx("memory", "keys", "list")
    assert refused.exit_code == 3
    assert "Session memory is off" in refused.stderr
    assert "NOFX_MEMORY_KEY_FILE" in refused.stderr
