"""`nofx blobs gc` on a real database: it counts, deletes, and says what it did."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from core.clock import SystemClock
from core.store.digests import digest_of
from core.store.pieces import pieces_of
from tests.fakes.cli import bare_cli, nofx
from tests.fakes.noise import noise


@pytest.fixture(autouse=True)
def address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mongodb_url: str
) -> Iterator[str]:
    """Point the settings to a database of the test's own, and give its address."""
    with bare_cli(monkeypatch, tmp_path, mongodb_url) as url:
        yield url


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
