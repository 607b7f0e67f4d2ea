"""Reads the report out of a bundle: its first member, near the file's beginning."""

import asyncio
import io
import tarfile
import zlib

from core.errors import BundleDamagedError
from core.rca.kept import Bundle
from core.rca.service import Rca

MEDIA_TYPE = "text/markdown"
# A report is a screen or a few; so much of the file is read to find it at most.
FURTHEST = 2 * 1024 * 1024
LARGEST = 1024 * 1024


async def first_member(rca: Rca, bundle: Bundle) -> bytes:
    """Return what the first member holds; raises BundleDamagedError."""
    end = min(bundle.size, FURTHEST)
    data = b"".join([one async for one in rca.parts(bundle, 0, end)])
    found = await asyncio.to_thread(_first, data)
    if found is None:
        raise BundleDamagedError(run_id=bundle.run_id, part=0)
    return found


def _first(data: bytes) -> bytes | None:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|gz") as archive:
            member = archive.next()
            file = archive.extractfile(member) if member is not None else None
            return file.read(LARGEST) if file is not None else None
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        return None
