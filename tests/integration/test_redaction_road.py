"""A redaction by a bot that serves: from a comment to all that came of it."""

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.memory.model import Scope
from core.memory.redaction_rules import PatternTarget
from core.rca.kept import Bundle
from core.rca.service import Rca
from core.store.database import Database
from tests.fakes.raw import places_of
from tests.fakes.redacting import said_at_github
from tests.fakes.road import REPO, RISKY, Road, built_road, driving

KEYS = SecretStr(f"k1:{base64.b64encode(b'1' * 32).decode()}")
SECRET = "rosinante-the-horse"


@pytest.fixture
async def remembering(
    tmp_path: Path, mongodb_url: str, database: Database
) -> AsyncIterator[Road]:
    """Give a stage with a bot that remembers."""
    async with built_road(tmp_path, mongodb_url, database.db.name) as road:
        road.settings = road.settings.model_copy(update={"memory_keys": KEYS})
        async with driving(road):
            yield road


async def test_what_was_said_on_a_pull_request_is_gone_everywhere(
    remembering: Road,
) -> None:
    """From its session, its runs, the feed, the deliveries, and our own comments."""
    road = remembering
    road.repository.commit(
        {"app.py": f"NAME = '{SECRET}'\n" + RISKY},
        f"Name it {SECRET}",
        branch="feature",
    )
    number = await road.github.open_pull(
        REPO, base="main", head="feature", title="A name", body=f"It is {SECRET}."
    )
    await road.until_checked(number)
    await road.github.comment(
        REPO, number, f"/nofx waive static_analysis for {SECRET} is a good name"
    )
    await road.until(lambda: road.check(number)["conclusion"] == "neutral")
    await road.until_runs_end()
    await road.until_quiet()
    assert road.bot is not None
    base = road.bot.base
    memory, redactions = base.memory.opened(), base.memory.redactions()
    session = await memory.of(Scope(kind="pull", repository=REPO, pull=number))
    said = str([one.content for one in await memory.read(session.id)])
    assert SECRET in said
    assert said_at_github(road, number, SECRET)

    asked = await redactions.request(
        session.id, PatternTarget(pattern=SECRET), actor="boss", reason="a name"
    )
    async with asyncio.timeout(60):
        while asked.status != "complete":
            await asyncio.sleep(0.2)
            asked = await redactions.get(session.id, asked.id)

    assert await places_of(base.database, SECRET) == []
    assert said_at_github(road, number, SECRET) == []
    again = str([one.content for one in await memory.read(session.id)])
    assert SECRET not in again
    assert f"[redacted:{asked.id}]" in again


async def test_a_bundle_is_gone_with_what_it_tells(remembering: Road) -> None:
    """No part of it is left, and the next one is built from what is left."""
    road = remembering
    number = await road.open_pull(title="A name", body=f"It is {SECRET}.")
    await road.until_checked(number)
    reason = f"/nofx waive static_analysis for {SECRET} is a good name"
    await road.github.comment(REPO, number, reason)
    await road.until(lambda: road.check(number)["conclusion"] == "neutral")
    (run,) = await road.until_runs_end()
    await road.until_quiet()
    assert road.bot is not None
    base, rca = road.bot.base, road.bot.rca
    bundle = (await rca.ensure(run["_id"], actor="ann")).bundle
    assert SECRET in await unpacked(rca, bundle)
    memory, redactions = base.memory.opened(), base.memory.redactions()
    session = await memory.of(Scope(kind="pull", repository=REPO, pull=number))

    asked = await redactions.request(
        session.id, PatternTarget(pattern=SECRET), actor="boss", reason="a name"
    )
    async with asyncio.timeout(60):
        while asked.status != "complete":
            await asyncio.sleep(0.2)
            asked = await redactions.get(session.id, asked.id)

    parts = base.database.db["bundle_parts"]
    assert await parts.count_documents({"attempt": bundle.attempt}) == 0
    assert await rca.latest(run["_id"]) is None
    again = (await rca.ensure(run["_id"], actor="ann")).bundle
    told = await unpacked(rca, again)
    assert run["_id"] in told
    assert SECRET not in told


async def unpacked(rca: Rca, bundle: Bundle) -> str:
    """Return all that a bundle holds, as text."""
    data = b"".join([one async for one in rca.parts(bundle, 0, bundle.size)])
    return gzip.decompress(data).decode(errors="replace")
