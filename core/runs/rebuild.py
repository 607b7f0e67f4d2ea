"""Make the `runs` projection anew from the journal, and say what was different."""

from typing import Any

import jsonpatch

from core.runs.evolve import fold
from core.runs.model import stream_of
from core.runs.projection import COLLECTION, document_of
from core.runs.service import Runs
from core.store.database import Database, translating

# Heartbeats move these without an entry in the journal.
NOT_HISTORY = frozenset({"lease", "due_at"})


async def rebuild_runs(database: Database, runs: Runs) -> list[str]:
    """Rewrite every run's document; returns a sentence for each that differed.

    The differences are RFC 6902 operations that lead from the old to the new. Leases
    are left as the heartbeats made them.
    """
    said: list[str] = []
    with translating():
        begun = database.db["journal"].find({"seq": 1}, {"stream": 1})
        streams = [one["stream"] async for one in begun]
    for stream in sorted(one for one in streams if one.startswith("run/")):
        run_id = stream.removeprefix("run/")
        run = fold(run_id, await runs.journal.read(stream_of(run_id)))
        wanted = document_of(run)
        known = await runs.projection.get(run_id) or {}
        difference = jsonpatch.make_patch(_plain(known), _plain(wanted)).patch
        if not difference:
            continue
        kept = {name: known[name] for name in NOT_HISTORY & known.keys()}
        fresh = wanted | (kept if known.get("status") == wanted["status"] else {})
        with translating():
            await database.db[COLLECTION].replace_one(
                {"_id": run_id}, fresh, upsert=True
            )
        said.append(f"{run_id}: {_words(difference)}")
    return said


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int | list | dict | None) else str(value)
        for name, value in document.items()
        if name not in NOT_HISTORY
    }


def _words(difference: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['op']} {one['path']}" for one in difference)
