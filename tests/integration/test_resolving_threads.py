"""Threads on what was mended are resolved where the operator wants it and it is safe."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from bot.simulator.simulator import Simulator
from tests.fakes.road import CLEAN, REPO, RISKY, SECRET, Road, built_road, driving
from tests.integration.test_findings_over_pushes import MENDED, found, pushed, reviewed

NUMBERS = count(1)


def resolved(github: Simulator, number: int) -> list[bool]:
    """Return of each thread whether it is resolved, by its first comment."""
    pull = github.world.pull(REPO, number)
    firsts = [one for one in pull.review_comments if one.in_reply_to is None]
    return [one.thread.resolved_by is not None for one in firsts]


@pytest.fixture
async def willing(tmp_path: Path, mongodb_url: str) -> AsyncIterator[Road]:
    """Give a stage with a bot that resolves threads; it may write contents."""
    name = f"willing_{next(NUMBERS)}"
    async with built_road(tmp_path, mongodb_url, name) as road:
        road.settings = road.settings.model_copy(update={"resolve_threads": True})
        for app in road.github.world.apps.values():
            app.permissions["contents"] = "write"
        async with driving(road):
            yield road
