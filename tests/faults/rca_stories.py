"""What a process does that builds bundles by itself, until done or dead."""

import tempfile
from pathlib import Path

from core.audit.service import Audit
from core.clock import Clock, Ids, SystemClock
from core.errors import GitHubInvalidError
from core.events.base import JSON
from core.events.bus import Bus
from core.feed.feeder import Feeder
from core.rca.automatic import ROLE, Automatic
from core.rca.schema import PART
from core.rca.service import Rca
from core.rca.store import BundleStore
from core.runs.pipeline import StepContext
from core.runs.worker import Worker
from core.store.database import Database
from core.store.roles import Roles
from tests.fakes.ahead import AheadClock
from tests.fakes.bundling import TinyBuilder
from tests.fakes.stage import HASTY, QUICK, ScriptedPipeline, runs_over, subject
from tests.faults.deaths import Said

CLOCK = SystemClock()
# By then the leases of whoever died are over.
LATER = 120


async def refused(_: StepContext) -> JSON:
    """Be refused by GitHub, which no other try changes."""
    raise GitHubInvalidError(method="POST", path="/x", reason="no")


async def leave_a_failed_run(database: Database) -> str:
    """Leave a run that failed and a feed that tells of it; returns its id."""
    runs = runs_over(database, CLOCK)
    pipeline = ScriptedPipeline("one")
    pipeline.script("one", refused)
    run_id = (await runs.request(subject(), "first")).run_id
    await runs.release(run_id)
    worker = Worker(runs, {"review": pipeline}, name="w", pace=QUICK, limits=HASTY)
    await worker.work_on(run_id)
    await runs.close()
    await Feeder(database, holder="f", clock=CLOCK, bus=Bus()).feed_once()
    roles = Roles(database, clock=CLOCK)
    lease = await roles.take(ROLE, "before", 0)
    assert lease is not None
    await roles.renew(lease, 0, {"position": 0})
    return run_id


async def build(database: Database, said: Said) -> None:
    """Build what the feed asks for."""
    await _build(database, said, CLOCK)


async def build_later(database: Database, said: Said) -> None:
    """Build what the feed asks for, once the leases of the dead are over."""
    await _build(database, said, AheadClock(LATER))


async def _build(database: Database, said: Said, clock: Clock) -> None:
    runs = runs_over(database, clock)
    store = BundleStore(database, clock=clock, days=30)
    with tempfile.TemporaryDirectory() as folder:
        builder = TinyBuilder(runs, Path(folder), padding=PART)
        rca = Rca(
            runs,
            store,
            builder,
            audit=Audit(runs.journal, clock=clock),
            clock=clock,
            ids=Ids(clock),
            mask=lambda text: text,
        )
        automatic = Automatic(database, rca, holder="k", clock=clock, bus=Bus())
        while await automatic.once():
            pass
        await rca.close()
    said.add(*builder.begun)
    await runs.close()
