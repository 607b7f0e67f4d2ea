"""What was recorded of a run's tries is redacted with the run, and kept as long."""

from collections.abc import AsyncIterator

import pytest

from core.clock import SystemClock
from core.errors import GitHubInvalidError
from core.events.base import JSON
from core.events.schema import StepFinished
from core.runs.decisions import Decisions
from core.runs.exchanges import asked_tries
from core.runs.left import LeftNotes, Letting
from core.runs.metering import Exchange, noted
from core.runs.model import Run
from core.runs.pipeline import StepContext
from core.runs.redacting import RunCopies
from core.store.database import Database
from core.store.garbage import collect
from tests.fakes.ahead import AheadClock
from tests.fakes.raw import places_of
from tests.fakes.signing import FakeSigner, order
from tests.fakes.stage import Stage, staged

NEEDLE = "rosinante-the-horse"
CLOCK = SystemClock()


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give a stage with the steps `one` and `two`."""
    stage = await staged(database)
    yield stage
    await stage.close()


async def refused(_: StepContext) -> JSON:
    """Act as a step whose words GitHub refuses, and quotes."""
    body = f'{{"body": "{NEEDLE} é"}}'.encode()
    noted(
        Exchange(
            at=CLOCK.now(),
            method="POST",
            path=f"/{NEEDLE}",
            status=422,
            seconds=0.1,
            sent=len(body),
            received=len(body),
            request=body,
            answer=body,
        )
    )
    raise GitHubInvalidError(method="POST", path="/x", status=422, reason=NEEDLE)


async def recorded(stage: Stage) -> Run:
    """Return a run that has failed, of which everything says the needle."""
    stage.pipeline.script("one", refused)
    run_id = await stage.ask()
    await stage.worker().work_one()
    run = await stage.run(run_id)
    left = LeftNotes(stage.runs.journal, clock=CLOCK, mask=lambda value: value)
    letting = Letting(run=run, worker="w", fence=1, step="one", why="crashed")
    await left.leave(
        letting,
        GitHubInvalidError(method="POST", path=NEEDLE, status=422, reason=NEEDLE),
    )
    await stage.runs.projector.settled(run_id)
    return run


async def test_what_was_recorded_outlives_a_sweep(stage: Stage) -> None:
    """Exchanges live as long as the journal names them."""
    run = await recorded(stage)
    (asked,) = asked_tries(await stage.runs.history(run.id))
    await collect(stage.database, AheadClock(30 * 86_400))
    (line,), left_out = await stage.runs.exchanges.read(asked.digest)
    assert (line["answer"], left_out) == ({"body": f"{NEEDLE} é"}, 0)


async def test_nothing_recorded_is_left_by_a_redaction(stage: Stage) -> None:
    """Neither in bodies, nor in the facts of failures, nor in notes beside the run."""
    run = await recorded(stage)
    held = {one.split(" ")[0] for one in await places_of(stage.database, NEEDLE)}
    assert {"journal", "blobs"} <= held
    copies = RunCopies(
        stage.database,
        stage.runs,
        Decisions(stage.runs),
        call_off=lambda run_id: stage.runs.cancel(run_id, actor="a", reason="r"),
        signer=FakeSigner(),
        clock=CLOCK,
    )
    reached = await copies.redact(order(NEEDLE))
    assert reached.changed >= 4
    assert await places_of(stage.database, NEEDLE) == []
    (failed,) = [
        event
        for commit in await stage.runs.history(run.id)
        for event in commit.events
        if isinstance(event, StepFinished)
    ]
    assert failed.failure is not None
    assert failed.failure.status == 422
