"""Make the `findings` collection anew from the journal, and say what was different."""

from typing import Any

import jsonpatch

from core.review.ledger.model import STREAM, place_of
from core.review.ledger.service import Findings
from core.review.ledger.store import FindingStore, documents_of
from core.store.database import Database, Document, translating


async def rebuild_findings(database: Database, findings: Findings) -> list[str]:
    """Rewrite every finding's document; returns a sentence for each that differed.

    The differences are RFC 6902 operations that lead from the old to the new; a
    document of no finding is removed.
    """
    store = FindingStore(database)
    kept = {str(one["_id"]): one for one in await store.all()}
    with translating():
        begun = database.db["journal"].find({"seq": 1}, {"stream": 1})
        streams = sorted([one["stream"] async for one in begun])
    said: list[str] = []
    for stream in streams:
        if not stream.startswith(STREAM):
            continue
        wanted = documents_of(await findings.of(*place_of(stream)))
        for name, document in wanted.items():
            words = _difference(kept.pop(name, {}), document)
            if words:
                await store.replace([document])
                said.append(f"{name}: {words}")
    for name in kept:
        await store.delete(name)
        said.append(f"{name}: removed, for the journal has no such finding")
    return said


def _difference(known: Document, wanted: Document) -> str:
    patch = jsonpatch.make_patch(_plain(known), _plain(wanted)).patch
    return ", ".join(f"{one['op']} {one['path']}" for one in patch)


def _plain(document: Document) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int | float | str) else str(value)
        for name, value in document.items()
    }
