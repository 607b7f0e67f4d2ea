"""The projection follows the journal a little later, and can be waited for."""

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from core.clock import SystemClock
from core.metrics.registry import REGISTRY
from core.runs.model import Run
from core.runs.projection import RunProjection
from core.runs.projector import Projector
from core.runs.states import Status
from tests.fakes.clock import NOON
from tests.fakes.stage import subject


class SlowProjection(RunProjection):
    """Stores a batch when it is let to, and says when one has come."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.let = asyncio.Event()
        self.stored: list[str] = []

    @override
    async def save_all(self, runs: Sequence[Run]) -> None:
        """Keep the runs' ids once allowed."""
        self.came.set()
        await self.let.wait()
        self.stored += [run.id for run in runs]


def run_named(name: str) -> Run:
    """Return a queued run."""
    return Run(
        id=name,
        family=name,
        subject=subject(),
        created_at=NOON,
        queued_at=NOON,
        due_at=NOON,
        status=Status.QUEUED,
        trail=(Status.QUEUED,),
        head_seq=1,
    )


async def test_who_waits_during_the_last_batch_is_told_of_its_end() -> None:
    """No batch comes after it, and the wait is over all the same."""
    slow = SlowProjection()
    projector = Projector(slow, clock=SystemClock())
    await projector.save(run_named("run_1"))
    await slow.came.wait()
    waiting = asyncio.create_task(projector.settled("run_1"))
    await asyncio.sleep(0)
    slow.let.set()
    await waiting
    assert slow.stored == ["run_1"]
    await projector.drain()
    assert len(projector) == 0


async def test_how_far_it_lags_behind_can_be_read_from_the_metrics() -> None:
    """As many runs as wait to be stored; none once they are."""
    slow = SlowProjection()
    projector = Projector(slow, clock=SystemClock())
    await projector.save(run_named("run_1"))
    await projector.save(run_named("run_2"))
    await slow.came.wait()
    assert REGISTRY.get_sample_value("nofx_projection_lag_runs") == 2
    slow.let.set()
    await projector.drain()
    assert REGISTRY.get_sample_value("nofx_projection_lag_runs") == 0
