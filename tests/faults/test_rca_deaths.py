"""A process dies at any write of a bundle, and another one has it built."""

import hashlib
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

import pytest

from bot.schema import SCHEMA
from core.rca.kept import Bundle
from core.rca.store import BundleStore
from core.store.database import Database
from core.store.migrate import migrate
from tests.fakes.ahead import AheadClock
from tests.faults import rca_stories as stories
from tests.faults.deaths import Cradle, Said, cradle, deaths

USED = (
    *("journal", "feed", "writers", "roles", "runs", "blobs"),
    *("bundles", "bundle_parts"),
)
# `make soak` tries every point.
SAMPLES = [5, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])]
DAY = 86_400


@pytest.fixture
async def born(mongodb_url: str) -> AsyncIterator[Cradle]:
    """Give a program that forks a process that builds."""
    async with cradle(mongodb_url, stories.__name__) as program:
        yield program


async def whole(database: Database, run_id: str) -> Bundle:
    """Return the run's one bundle, whose bytes are all there."""
    store = BundleStore(database, clock=stories.CLOCK, days=30)
    (bundle,) = await store.of_run(run_id)
    assert bundle.is_built
    data = [one async for one in store.parts.read(bundle, 0, bundle.size)]
    assert hashlib.sha256(b"".join(data)).hexdigest() == bundle.sha256
    return bundle


@pytest.mark.parametrize("step", SAMPLES)
async def test_each_failed_run_gets_its_bundle(
    database: Database, tmp_path: Path, born: Cradle, step: int
) -> None:
    """One bundle, whole, wherever the first builder died; nothing else is left."""
    await migrate(database, SCHEMA)
    met = 0
    for death in islice(deaths(), 0, None, step):
        for name in USED:
            await database.db[name].delete_many({})
        run_id = await stories.leave_a_failed_run(database)
        said = Said(tmp_path / f"{death.when}-{death.write}")
        died = await born.dies(stories.build, database.db.name, said, death)
        await stories.build_later(database, said)
        bundle = await whole(database, run_id)
        if not died:
            assert said.lines() == [run_id]
            break
        met = death.write
        later = AheadClock(2 * DAY)
        await BundleStore(database, clock=later, days=30).sweep()
        assert await whole(database, run_id) == bundle, death
        attempts = await database.db["bundle_parts"].distinct("attempt")
        assert attempts == [bundle.attempt], death
    assert met >= 8
