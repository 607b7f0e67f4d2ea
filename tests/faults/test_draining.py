"""A worker process gets SIGTERM in the middle of a run, as at every deployment."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.simulator.faults import Kind
from bot.simulator.simulator import Simulator
from tests.fakes.road import REPO, built_road, driving
from tests.fakes.workers import worker_process

SOON, LATE = 0.2, 20


@pytest.mark.parametrize(
    ("kind", "path", "drain"),
    [
        ("slow", r"/compare/", SOON),
        ("slow", r"/pulls/1/reviews$", LATE),
        pytest.param("slow", r"/compare/", LATE, marks=pytest.mark.slow),
        pytest.param("slow", r"/pulls/1/reviews$", SOON, marks=pytest.mark.slow),
        *(
            pytest.param(
                *("timeout_after_commit", r"/issues/1/comments$", drain),
                marks=pytest.mark.slow,
            )
            for drain in (SOON, LATE)
        ),
    ],
)
async def test_a_worker_told_to_stop_hands_its_run_on(
    tmp_path: Path,
    mongodb_url: str,
    judged: Callable[[Simulator], Simulator],
    kind: Kind,
    path: str,
    drain: float,
    request: pytest.FixtureRequest,
) -> None:
    """It exits with 0, the next ends the run, and each thing stands once."""
    name = f"drained_{abs(hash(request.node.name))}"
    async with built_road(tmp_path, mongodb_url, name) as road:
        judged(road.github)
        hit = road.github.faults.add(kind=kind, path=path, seconds=2)
        settings = road.settings.model_copy(update={"drain_seconds": drain})
        async with driving(road, workers=0):
            async with worker_process(settings, tmp_path / "first") as first:
                number = await road.open_pull()
                await road.until(lambda: hit.times == 0)
                first.send_signal(signal.SIGTERM)
                async with asyncio.timeout(30):
                    assert await first.wait() == 0
            async with worker_process(settings, tmp_path / "second"):
                check = await road.until_checked(number)
                (run,) = await road.until_runs_end()
        assert check["conclusion"] == "failure"
        assert (run["status"], run["losses"], run["attempt"]) == ("gate_failed", 0, 1)
        assert len(road.github.review_comments(REPO, number)) == 1
        assert len(road.github.reviews(REPO, number)) == 1
        assert len(road.summaries(number)) == 1
        assert len(road.github.check_runs(REPO, road.head(number))) == 1
