"""Make the `runs` projection anew from the journal, and say what was different."""

from typing import Any

import jsonpatch

from core.errors import ActiveRunError
from core.runs.evolve import fold
from core.runs.model import Run, stream_of
from core.runs.projection import LEASED, document_of
from core.runs.queue import COLLECTION
from core.runs.service import Runs
from core.store.database import Database, Document, translating

# Heartbeats move these without an entry in the journal, while a worker holds the run.
BEATEN = frozenset({"lease", "due_at"})


async def rebuild_runs(database: Database, runs: Runs) -> list[str]:
    """Rewrite every run's document; returns a sentence for each that differed.

    The differences are RFC 6902 operations that lead from the old to the new. Leases
    are left as the heartbeats made them; a document of no run is removed. Runs that
    workers move meanwhile are left to them.
    """
    said: list[str] = []
    with translating():
        begun = database.db["journal"].find({"seq": 1}, {"stream": 1})
        streams = [one["stream"] async for one in begun]
        kept = [
            one["_id"] async for one in database.db[COLLECTION].find({}, {"_id": 1})
        ]
    ids = {one.removeprefix("run/") for one in streams if one.startswith("run/")}
    for run_id in sorted(set(kept) - ids):
        with translating():
            await database.db[COLLECTION].delete_one({"_id": run_id})
        said.append(f"{run_id}: removed, for the journal has no such run")
    for run_id in sorted(ids):
        words = await _rebuild(database, runs, run_id)
        said += [f"{run_id}: {words}"] if words else []
    return said


async def _rebuild(database: Database, runs: Runs, run_id: str) -> str:
    # Read before the journal, so that it is never ahead of what is folded.
    known = await runs.projection.get(run_id)
    run = fold(run_id, await runs.journal.read(stream_of(run_id)))
    wanted = document_of(run)
    beaten = BEATEN if known is not None and _same_holder(known, run) else frozenset()
    difference = jsonpatch.make_patch(
        _plain(known or {}, beaten), _plain(wanted, beaten)
    ).patch
    if not difference:
        return ""
    if known is None:
        try:
            await runs.projection.save(run)
        except ActiveRunError as error:
            return f"left out: {error}"
    else:
        fresh = wanted | {name: known[name] for name in beaten}
        seen = {"_id": run_id, "head_seq": known["head_seq"]}
        with translating():
            await database.db[COLLECTION].replace_one(seen, fresh)
    return ", ".join(f"{one['op']} {one['path']}" for one in difference)


def _same_holder(known: Document, run: Run) -> bool:
    held = run.status in LEASED and known.get("status") in LEASED
    return held and known.get("fence") == run.fence


def _plain(document: Document, beaten: frozenset[str]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int | list | str) else _shown(value)
        for name, value in document.items()
        if name not in beaten
    }


def _shown(value: object) -> object:
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    return str(value)
