"""GitHub fails in every way it knows, and each thing still stands exactly once."""

from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import pytest

from bot.simulator.faults import Kind
from bot.simulator.simulator import Simulator
from tests.fakes.road import REPO, Road, open_road

NUMBERS = count(1)
REVIEW = r"/pulls/\d+/reviews$"
SUMMARY = r"/issues/\d+/comments$"
CHECKS = r"/check-runs$"


@pytest.fixture
async def road(
    tmp_path: Path, mongodb_url: str, judged: Callable[[Simulator], Simulator]
) -> AsyncIterator[Road]:
    """Give a stage with a bot on a database of its own."""
    async with open_road(tmp_path, mongodb_url, f"faulty_{next(NUMBERS)}") as road:
        judged(road.github)
        yield road


@pytest.mark.parametrize("path", [REVIEW, SUMMARY, CHECKS])
@pytest.mark.parametrize(
    "kind", ["500", "502_after_commit", "lost_response", "secondary_limit", "drop"]
)
async def test_each_write_stands_exactly_once(
    road: Road, kind: Kind, path: str
) -> None:
    """One write fails, before or after GitHub did it; nothing is lost or doubled."""
    road.github.faults.add(kind=kind, method="POST", path=path, seconds=1)
    number = await road.open_pull()
    check = await road.until_checked(number)
    (run,) = await road.until_runs_end()
    assert (check["conclusion"], run["status"]) == ("failure", "gate_failed")
    assert len(road.github.check_runs(REPO, road.head(number))) == 1
    assert len(road.github.reviews(REPO, number)) == 1
    assert len(road.github.review_comments(REPO, number)) == 1
    assert len(road.summaries(number)) == 1


async def test_a_check_that_takes_long_is_not_made_by_another_who_asks(
    road: Road,
) -> None:
    """Two deliveries are about one run: the second waits for what the first is at."""
    slow = road.github.faults.add(kind="slow", method="POST", path=CHECKS, seconds=4)
    number = await road.open_pull()
    await road.until(lambda: slow.times == 0)
    await road.github.ready_for_review(REPO, number)
    await road.until_quiet()
    await road.until_checked(number)
    assert len(road.github.check_runs(REPO, road.head(number))) == 1
