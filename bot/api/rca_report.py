"""Reads the report out of a bundle: as text or as a page, near the file's beginning."""

import asyncio
import io
import tarfile
import zlib

from core.errors import BundleDamagedError
from core.rca import heading
from core.rca.kept import Bundle
from core.rca.service import Rca

MEDIA_TYPE = "text/markdown"
TEXT, PAGE = f"{heading.REPORT}.md", f"{heading.PAGE}.html"
# A report is a screen or a few; so much of the file is read to find it at most.
FURTHEST = 2 * 1024 * 1024
LARGEST = 1024 * 1024


async def report_in(rca: Rca, bundle: Bundle, name: str) -> bytes:
    """Return the report's TEXT or PAGE; raises BundleDamagedError."""
    end = min(bundle.size, FURTHEST)
    data = b"".join([one async for one in rca.parts(bundle, 0, end)])
    found = await asyncio.to_thread(_member, data, name)
    if found is None:
        raise BundleDamagedError(run_id=bundle.run_id, part=0)
    return found


def _member(data: bytes, name: str) -> bytes | None:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|gz") as archive:
            for member in archive:
                if member.name.rpartition("/")[2] != name:
                    continue
                file = archive.extractfile(member)
                return file.read(LARGEST) if file is not None else None
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        return None
    return None
