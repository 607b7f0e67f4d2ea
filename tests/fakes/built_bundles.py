"""Bundles in tests: a builder over a test's own runs, and what stands in a bundle."""

import io
import tarfile
from pathlib import Path
from typing import Any

from core.clock import SystemClock
from core.feed.writer_logs import WriterLogs
from core.rca.analysis import analyse
from core.rca.built import Built
from core.rca.bundler import Bundler
from core.rca.heading import Telling
from core.rca.html import page
from core.rca.reading import StoryReader
from core.rca.report import markdown
from core.runs.comparing import Comparing
from core.runs.lister import RunLister
from core.runs.service import Runs
from core.secrets import Masker, shared_finder
from core.store.blobs import Blobs
from core.store.database import Database


def bundler_over(
    runs: Runs, database: Database, folder: Path, *own: str, **more: Any
) -> Bundler:
    """Return a builder that spools into a folder and knows credentials of its `own`."""
    blobs, lister = Blobs(database), RunLister(database, clock=SystemClock())
    reader = StoryReader(runs, lister=lister, logs=WriterLogs(database), rules={})
    parts: dict[str, Any] = {
        "journal": runs.journal,
        "blobs": blobs,
        "masker": Masker(own, finder=shared_finder()),
        "folder": folder,
        "tell": reader.read,
        "analyse": analyse,
        "telling": Telling(
            markdown=lambda *told: markdown(told[0], told[1], errors=told[2]),
            page=lambda *told: page(told[0], told[1], missed=told[2], parts=told[3]),
        ),
        "made_by": "nofx/test",
        "detail": lambda run, history: {"id": run.id, "steps": history.steps},
        "comparing": Comparing(runs, blobs, lister, {}),
    }
    return Bundler(**{**parts, **more})


def members_of(data: bytes) -> dict[str, bytes]:
    """Return what a bundle holds, in its order."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {one.name: _read(tar, one) for one in tar.getmembers()}


async def built(bundler: Bundler, run_id: str) -> tuple[Built, bytes]:
    """Build a bundle, and return its bytes too."""
    async with bundler.build(run_id) as made:
        return made, made.path.read_bytes()


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None
    return file.read()
