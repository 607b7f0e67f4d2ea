"""A process dies at any write of a redaction, and another one carries it to its end."""

from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

import pytest

from bot.schema import SCHEMA
from core.checkpoints.chain import verify_run
from core.events.commit import verify_chain
from core.feed.proof import FeedProver
from core.redaction.public_keys import public_keys
from core.store.blobs import Blobs
from core.store.database import Database
from core.store.migrate import migrate
from tests.fakes.raw import places_of
from tests.faults import redaction_stories as stories
from tests.faults.deaths import Cradle, Said, cradle, deaths

USED = (
    *("journal", "feed", "feed_index", "writers", "roles", "deliveries", "runs"),
    *("blobs", "work", "bundles", "bundle_parts"),
)
# `make soak` tries every point.
SAMPLES = [17, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(2400)])]


@pytest.fixture
async def born(mongodb_url: str) -> AsyncIterator[Cradle]:
    """Give a program that forks a process a redaction."""
    async with cradle(mongodb_url, stories.__name__) as program:
        yield program


async def wrongs(database: Database) -> list[str]:
    """Return where the text is, and what does not verify."""
    known, found = (
        await public_keys(database),
        await places_of(database, stories.SECRET),
    )
    journal = database.db["journal"]
    for stream in await journal.distinct("stream"):
        entries = await journal.find({"stream": stream}).to_list(None)
        entries.sort(key=lambda one: int(one["seq"]))
        verify_chain(entries, known)
        if stream.startswith("run/"):
            await verify_run(entries, Blobs(database), known)
    proof = await FeedProver(database, clock=stories.CLOCK).prove()
    found += [proof.difference] if proof.difference else []
    gone = await database.db["blobs"].find({"codec": "gone"}).to_list(None)
    return found + [f"{one['_id']} has parts" for one in gone if "parts" in one["gone"]]


@pytest.mark.parametrize("step", SAMPLES)
async def test_each_redaction_is_carried_to_its_end(
    database: Database, tmp_path: Path, born: Cradle, step: int
) -> None:
    """Wherever the first one died, nothing of the text is left by the second."""
    await migrate(database, SCHEMA)
    met = 0
    for death in islice(deaths(), 0, None, step):
        for name in USED:
            await database.db[name].delete_many({})
        await stories.leave_everything(database)
        held = {one.split()[0] for one in await places_of(database, stories.SECRET)}
        assert {*USED} - {"feed_index", "writers", "roles"} <= held
        said = Said(tmp_path / "said")
        died = await born.dies(stories.redact, database.db.name, said, death)
        if not died:
            break
        met = death.write
        await stories.redact(database, said)
        assert await wrongs(database) == [], death
    assert await wrongs(database) == []
    assert met >= 15


async def test_who_comes_to_an_end_twice_changes_nothing(database: Database) -> None:
    """The second redaction finds nothing more to do."""
    await migrate(database, SCHEMA)
    await stories.leave_everything(database)
    said = Said(Path("unused"))
    await stories.redact(database, said)
    before = {name: await database.db[name].count_documents({}) for name in USED}
    first = await database.db["journal"].find({}).to_list(None)
    await stories.redact(database, said)
    kept = await database.db["journal"].find({}).to_list(None)
    known = {one["_id"]: one for one in kept}
    assert all(known[one["_id"]] == one for one in first)
    assert before["blobs"] == await database.db["blobs"].count_documents({})
