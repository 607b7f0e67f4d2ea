"""`nofx migrate`: bring the database to this version, rebuild what can be rebuilt."""

from collections.abc import Sequence

from bot.base import assembled, reached
from bot.schema import SCHEMA
from bot.settings import Settings
from core.clock import SystemClock
from core.review.ledger.rebuild import rebuild_findings
from core.runs.rebuild import rebuild_runs
from core.store.migrate import migrate


async def bring_up_to_date(settings: Settings, *, rebuild: bool) -> Sequence[str]:
    """Return one sentence for each thing that was changed."""
    async with reached(settings, settings.data_dir) as database:
        changes = await migrate(database, SCHEMA)
        said = [
            f"{one.collection}: {one.kind} {one.detail}".rstrip() for one in changes
        ]
        if rebuild:
            base = assembled(database, settings, SystemClock())
            said += await rebuild_runs(database, base.runs)
            said += await rebuild_findings(database, base.findings)
        return said
