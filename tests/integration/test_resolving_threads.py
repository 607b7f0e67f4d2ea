"""Threads on what was mended are resolved where that is wanted and safe."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.simulator.simulator import Simulator
from core.store.database import Database
from tests.fakes.road import REPO, Road, built_road, driving
from tests.integration.test_findings_over_pushes import MENDED, found, pushed, reviewed


def resolved(github: Simulator, number: int) -> list[bool]:
    """Return of each thread whether it is resolved, by its first comment."""
    pull = github.world.pull(REPO, number)
    firsts = [one for one in pull.review_comments if one.in_reply_to is None]
    return [one.thread.resolved_by is not None for one in firsts]


@pytest.fixture
async def willing(
    tmp_path: Path, mongodb_url: str, database: Database
) -> AsyncIterator[Road]:
    """Give a stage with a bot that resolves threads; it may write contents."""
    async with built_road(tmp_path, mongodb_url, database.db.name) as road:
        road.settings = road.settings.model_copy(update={"resolve_threads": True})
        for one in road.github.world.installations.values():
            one.permissions["contents"] = "write"
        async with driving(road):
            yield road


async def test_a_mended_lines_thread_is_resolved_once(willing: Road) -> None:
    """Nobody else spoke in it; who opens it again is left in peace."""
    road = willing
    number = await reviewed(road)
    (comment,) = road.github.review_comments(REPO, number)
    await pushed(road, number, {"app.py": MENDED})
    assert resolved(road.github, number) == [True]
    (entry,) = await found(road, number)
    assert (entry.state, entry.resolved) == ("addressed", True)
    await road.github.resolve_thread(REPO, comment["id"], resolved=False)
    await road.until_quiet()
    await pushed(road, number, {"app.py": MENDED + "\n\nx = 1\n"})
    assert resolved(road.github, number) == [False]


async def test_a_thread_in_which_a_person_spoke_stays_open(willing: Road) -> None:
    """There may be more in it than the remark."""
    road = willing
    number = await reviewed(road)
    (comment,) = road.github.review_comments(REPO, number)
    await road.github.reply(REPO, comment["id"], "What about the other one?")
    await road.until_quiet()
    await pushed(road, number, {"app.py": MENDED})
    assert (await found(road, number))[0].state == "addressed"
    assert resolved(road.github, number) == [False]


async def test_without_the_permission_the_review_stands(willing: Road) -> None:
    """The thread stays open, and the run does not fail for it."""
    road = willing
    number = await reviewed(road)
    for one in road.github.world.installations.values():
        one.permissions["contents"] = "read"
    road.github.world.tokens.clear()
    check = await pushed(road, number, {"app.py": MENDED})
    assert check["conclusion"] == "success"
    assert resolved(road.github, number) == [False]
