"""The bytes and the lines of a blob that the end of a try names."""

import asyncio
import json
from collections.abc import Sequence

from pydantic_core import from_json

from core.errors import BlobCorruptError, BlobRedactedError
from core.events.base import JSON
from core.rca.collecting import Packer, Source
from core.store.blobs import Digest


async def blob(source: Source, packer: Packer, digest: str) -> bytes | None:
    """Return a blob's bytes; None when it was erased, which is told.

    Raises BlobNotFoundError, BlobCorruptError, StoreUnavailableError.
    """
    try:
        return await source.blobs.get(Digest(digest))
    except BlobRedactedError:
        packer.erased(blob=digest)
        return None


async def json_lines(source: Source, packer: Packer, digest: str) -> list[JSON]:
    """Return the lines of an NDJSON blob, none when it was erased; raises as `blob`."""
    data = await blob(source, packer, digest)
    return await asyncio.to_thread(parsed, (data or b"").splitlines(), digest)


def parsed(rows: Sequence[bytes], digest: str) -> list[JSON]:
    """Return the lines of a blob; raises BlobCorruptError when they are no objects."""
    try:
        found: list[JSON] = [from_json(row) for row in rows]
    except ValueError:
        found = _parsed_slowly(rows, digest)
    if not all(isinstance(one, dict) for one in found):
        raise BlobCorruptError(digest=digest, reason="it is no NDJSON")
    return found


def _parsed_slowly(rows: Sequence[bytes], digest: str) -> list[JSON]:
    # Half characters are no Unicode, but JSON may have them.
    try:
        return [json.loads(row) for row in rows]
    except ValueError as error:
        raise BlobCorruptError(digest=digest, reason="it is no NDJSON") from error
