"""`nofx blobs gc` on a real database: it counts, deletes, and says what it did."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog
from pymongo import MongoClient
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.settings import environment
from core.clock import SystemClock
from core.store.digests import digest_of
from core.store.pieces import pieces_of
from tests.fakes.noise import noise

NUMBERS = count(1)


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Point the settings to a database of the test's own, and give its address."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    url = f"{mongodb_url}blobs_{next(NUMBERS)}?retryWrites=false"
    monkeypatch.setenv("MONGODB_URL", url)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield url
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def nofx(*arguments: str) -> Result:
    """Run one command line of the installed nofx."""
    return CliRunner().invoke(app, list(arguments))


def test_what_nothing_names_is_counted_and_then_deleted(address: str) -> None:
    """A dry run changes nothing; what was stored a moment ago stays."""
    assert nofx("blobs", "gc").stdout == "0 deleted (0 bytes), 0 kept.\n"
    now = SystemClock().now()
    data = noise(3000)
    _, old = pieces_of(data, digest_of(data), ())
    _, fresh = pieces_of(b"fresh", digest_of(b"fresh"), ())
    client: MongoClient[dict[str, Any]] = MongoClient(address)
    with client:
        kept = client.get_default_database()["blobs"]
        stored = old.document(now - timedelta(days=2))
        kept.insert_one(stored)
        kept.insert_one(fresh.document(now))
        would = nofx("blobs", "gc", "--dry-run")
        assert would.stdout == "1 would go (2.9 KiB), 1 kept.\n"
        assert kept.find_one({"_id": old.digest})
        done = json.loads(nofx("blobs", "gc", "--json").stdout)
        assert done == {
            "kept": 1,
            "deleted": 1,
            "bytes": stored["packed"],
            "dry_run": False,
        }
        assert [one["_id"] for one in kept.find()] == [fresh.digest]
