"""Any one request goes wrong in any way, on any road; a review stands exactly once."""

import random
from pathlib import Path
from typing import get_args

import pytest

from bot.github.reviews_mcp_session import McpPolicy
from bot.simulator.faults import Kind
from core.review.findings import Side
from tests.fakes.publishers import ROADS, Stage, publishing_on, remark

pytestmark = pytest.mark.allow_hosts(["127.0.0.0/8", "::1"])
KINDS: tuple[Kind, ...] = get_args(Kind)
PATIENCE = McpPolicy(call_seconds=4, end_seconds=4)
COMMENTS = (remark(1, 20), remark(2, 50, start=48), remark(3, 20, side=Side.LEFT))
# The longest road, by the real server, asks so often; a test holds it to that.
MOST = {"rest": 6, "newer": 24, "real": 24}
SAMPLED = 4


def cases(road: str) -> list[tuple[Kind, int]]:
    """Return every kind of fault at every request of a road."""
    return [(kind, at) for at in range(MOST[road]) for kind in KINDS]


def sample(road: str) -> list[tuple[Kind, int]]:
    """Return a few of them, the same each time."""
    return random.Random(road).sample(cases(road), SAMPLED)  # noqa: S311  # as said


async def judge(stage: Stage, kind: Kind, at: int) -> None:
    """Publish while a request goes wrong: lost 0, duplicates 0, no orphan."""
    stage.github.simulator.faults.add(kind=kind, skip=at, seconds=1)
    published = await stage.post(stage.draft(*COMMENTS))
    stage.github.simulator.faults.clear()
    case = (kind, at, published)
    assert [state for state, _ in stage.reviews()] == ["COMMENTED"], case
    texts = [place[-1] for place in stage.places()]
    assert len(texts) == len(set(texts)) == len(COMMENTS), case
    assert set(published.posted) == {one.fingerprint for one in COMMENTS}, case


@pytest.mark.parametrize(
    ("road", "kind", "at"), [(road, *case) for road in ROADS for case in sample(road)]
)
async def test_a_review_stands_once_whatever_goes_wrong(
    tmp_path: Path, road: str, kind: Kind, at: int
) -> None:
    """A sample of all that can."""
    async with publishing_on(road, tmp_path, policy=PATIENCE) as stage:
        await judge(stage, kind, at)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("road", ROADS)
async def test_a_review_stands_once_whichever_request_goes_wrong(
    tmp_path: Path, road: str, kind: Kind
) -> None:
    """The whole product."""
    for at in range(MOST[road]):
        folder = tmp_path / str(at)
        folder.mkdir()
        async with publishing_on(road, folder, policy=PATIENCE) as stage:
            await judge(stage, kind, at)


@pytest.mark.parametrize("road", ROADS)
async def test_no_request_of_a_road_is_left_out(tmp_path: Path, road: str) -> None:
    """The product above goes as far as the longest clean publishing."""
    async with publishing_on(road, tmp_path) as stage:
        before = len(stage.github.simulator.requests)
        await stage.post(stage.draft(*COMMENTS))
        assert len(stage.github.simulator.requests) - before <= MOST[road]
