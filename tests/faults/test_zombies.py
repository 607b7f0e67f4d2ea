"""A worker that slept past its lease wakes up, and says nothing at GitHub any more."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.simulator.faults import Kind
from bot.simulator.simulator import Simulator
from core.events.schema import WorkerLeft
from core.runs.left import left_stream
from tests.fakes.road import REPO, Road, built_road, driving
from tests.fakes.workers import worker_process


async def left_by(road: Road) -> list[str]:
    """Wait until a worker has told that it let go of a run, and return why."""
    assert road.bot is not None
    journal = road.bot.base.runs.journal
    (run,) = await road.runs()
    async with asyncio.timeout(10):
        while True:
            commits = await journal.read(left_stream(run["_id"]))
            events = [event for commit in commits for event in commit.events]
            if events:
                return [one.why for one in events if isinstance(one, WorkerLeft)]
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("kind", "method", "path"),
    [
        # It knows which comments stand, and is about to post its review.
        ("slow", "GET", r"/pulls/1/comments$"),
        # It has looked whether its summary stands, and is about to write it.
        pytest.param("slow", "GET", r"/issues/1/comments$", marks=pytest.mark.slow),
        # It is about to say again how the review ended.
        pytest.param("502", "PATCH", r"/check-runs/\d+$", marks=pytest.mark.slow),
    ],
)
async def test_a_zombie_says_nothing(  # fixtures
    tmp_path: Path,
    mongodb_url: str,
    judged: Callable[[Simulator], Simulator],
    kind: Kind,
    method: str,
    path: str,
) -> None:
    """Stopped between two requests, it goes on after another has ended its run."""
    name = f"zombie_{abs(hash((method, path)))}"
    async with built_road(tmp_path, mongodb_url, name) as road:
        judged(road.github)
        hit = road.github.faults.add(kind=kind, method=method, path=path, seconds=1)
        async with (
            driving(road, workers=0),
            worker_process(road.settings, tmp_path / "first") as first,
        ):
            number = await road.open_pull()
            await road.until(lambda: hit.times == 0)
            first.send_signal(signal.SIGSTOP)
            async with worker_process(road.settings, tmp_path / "second"):
                await road.until_checked(number)
                await road.until_runs_end()
            first.send_signal(signal.SIGCONT)
            log = tmp_path / "first" / "worker.log"
            await road.until(lambda: "run.lost" in log.read_text())
            assert await left_by(road) == ["fenced"]
        assert road.check(number)["status"] == "completed"
        assert len(road.github.review_comments(REPO, number)) == 1
        assert len(road.github.reviews(REPO, number)) == 1
        assert len(road.summaries(number)) == 1


async def test_a_paused_zombie_says_nothing_beside_who_goes_on(
    tmp_path: Path, mongodb_url: str, judged: Callable[[Simulator], Simulator]
) -> None:
    """Stopped about to write, it wakes within its lease: nobody went on before that."""
    async with built_road(tmp_path, mongodb_url, "zombie_paused") as road:
        judged(road.github)
        looking = r"/issues/1/comments$"
        hit = road.github.faults.add(kind="slow", method="GET", path=looking, seconds=1)
        settings = road.settings.model_copy(update={"lease_seconds": 15})
        async with (
            driving(road, workers=0) as bot,
            worker_process(settings, tmp_path / "first") as first,
        ):
            number = await road.open_pull()
            await road.until(lambda: hit.times == 0)
            first.send_signal(signal.SIGSTOP)
            await paused(bot)
            async with worker_process(settings, tmp_path / "second"):
                log = tmp_path / "second" / "worker.log"
                await road.until(lambda: "worker.working" in log.read_text())
                await resumed(bot)
                await road.until_checked(number)
                await road.until_runs_end()
                first.send_signal(signal.SIGCONT)
                assert await left_by(road) == ["fenced"]
        assert len(road.github.reviews(REPO, number)) == 1
        assert len(road.summaries(number)) == 1


async def paused(road: Road) -> None:
    """Put the only run aside, as a person does."""
    assert road.bot is not None
    (run,) = await road.runs()
    await road.bot.operations.pause(run["_id"], actor="ann", reason="look first")


async def resumed(road: Road) -> None:
    """Let the only run go on, as a person does."""
    assert road.bot is not None
    (run,) = await road.runs()
    await road.bot.operations.resume(run["_id"], actor="ann", reason="seen")
