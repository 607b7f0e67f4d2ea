"""Shows what git keeps under a name, as GraphQL's `object` does."""

from bot.simulator.answers import Json
from bot.simulator.records import Repository

MOST_TEXT = 512_000
TYPES = {"tree": "Tree", "blob": "Blob"}


async def git_object(record: Repository, expression: str) -> Json | None:
    """Return the commit, folder or file that `commit:path` names, None for none."""
    ref, colon, path = expression.partition(":")
    sha = await record.git.resolve(ref)
    if sha is None:
        return None
    if not colon:
        return {"__typename": "Commit", "id": f"C_{sha}", "oid": sha}
    entry = await record.git.entry(sha, path)
    if entry is None or entry.kind not in TYPES:
        return None
    shown = {
        "__typename": TYPES[entry.kind],
        "id": f"{entry.kind[0].upper()}_{entry.sha}",
        "oid": entry.sha,
    }
    return shown | await _text(record, entry.sha) if entry.kind == "blob" else shown


async def _text(record: Repository, sha: str) -> Json:
    """Return what a file says: no text of a binary, and a long one is cut."""
    data = await record.git.blob(sha) or b""
    binary = b"\0" in data
    return {
        "byteSize": len(data),
        "isBinary": binary,
        "isTruncated": not binary and len(data) > MOST_TEXT,
        "text": None if binary else data[:MOST_TEXT].decode("utf-8", "replace"),
    }
