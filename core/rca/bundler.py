"""Builds a bundle of a run: all collectors over one pass of its history."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from typing_extensions import override

from core.errors import SpoolError, StoreUnavailableError
from core.events.journal import Journal, Torn
from core.rca.built import Builder, Built
from core.rca.cause import Analysis
from core.rca.collecting import Detail, Packer, Shelf, Source
from core.rca.collectors import COLLECTORS
from core.rca.collectors.parts import Part
from core.rca.heading import (
    HEAD,
    Telling,
    name_of,
    write_account,
    write_manifest,
    write_report,
)
from core.rca.story import Story
from core.rca.writing import Archive
from core.runs.comparing import Comparing
from core.runs.model import stream_of
from core.secrets.masker import Masker
from core.secrets.stream import StreamMasker
from core.store.blobs import Blobs

Tell = Callable[[str], Awaitable[Story]]
Analyse = Callable[[Story], Analysis]
# Entries of the journal at once; each may hold a state of 16 KiB.
PAGE = 100
THREADS = 2
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundler(Builder):
    """Builds bundles in folders of their own below `folder`, which are then removed.

    `tell` reads a run's story, `analyse` finds its causes, `telling` puts both into
    words for people. `made_by` names this program, `detail` shows a run as the API
    does, `comparing` tells what differs between checkpoints: give it more time than any
    takes, for what is cut short by a clock is not the same twice.
    """

    journal: Journal
    blobs: Blobs
    masker: Masker
    folder: Path
    tell: Tell
    analyse: Analyse
    telling: Telling
    made_by: str
    detail: Detail
    comparing: Comparing
    collectors: tuple[type[Part], ...] = COLLECTORS

    @override
    def build(self, run_id: str) -> AbstractAsyncContextManager[Built]:
        return self._built(run_id)

    @asynccontextmanager
    async def _built(self, run_id: str) -> AsyncIterator[Built]:
        story = await self.tell(run_id)
        source = Source(
            story=story,
            analysis=await asyncio.to_thread(self.analyse, story),
            blobs=self.blobs,
            made_by=self.made_by,
            detail=self.detail,
            comparing=self.comparing,
        )
        with _disk_of(self.folder):
            spool = _spool(self.folder)
        threads = ThreadPoolExecutor(THREADS, "rca")
        try:
            archive = Archive(spool, as_of=story.as_of)
            try:
                masker = StreamMasker(self.masker)
                shelf = Shelf(archive=archive, masker=masker, threads=threads)
                yield await self._made(source, shelf)
            finally:
                archive.close()
        finally:
            # Who gave up waits for nothing; what a thread still writes goes nowhere.
            threads.shutdown(wait=False, cancel_futures=True)
            shutil.rmtree(spool)

    async def _made(self, source: Source, shelf: Shelf) -> Built:
        """Write all of it; raises SpoolError when the system refuses to."""
        with _disk_of(self.folder):
            await self._collect(source, shelf)
            return await self._finished(source, shelf)

    async def _collect(self, source: Source, shelf: Shelf) -> None:
        """Show all collectors the run's history, once, and let them finish."""
        parts = [make(source, Packer(shelf, make.name)) for make in self.collectors]
        turns = [_Turn(part.packer) for part in parts]
        history = _Turn(Packer(shelf, "history"))
        await history.take(lambda: self._pages(source, parts, turns, history.miss))
        for part, turn in zip(parts, turns, strict=True):
            await turn.take(part.finish)
        report = _Turn(Packer(shelf, "report"))
        await report.take(
            lambda: write_report(source, shelf, report.packer, self.telling)
        )

    async def _pages(
        self,
        source: Source,
        parts: Sequence[Part],
        turns: Sequence["_Turn"],
        torn: Torn,
    ) -> None:
        run = source.story.run
        stream = stream_of(run.id)
        async for commits in self.journal.pages(stream, size=PAGE, torn=torn):
            # What was appended since the story was told is for another bundle.
            ours = [one for one in commits if one.seq <= run.head_seq]
            for part, turn in zip(parts, turns, strict=True):
                await turn.take(partial(part.page, ours))
            if len(ours) < len(commits):
                return

    async def _finished(self, source: Source, shelf: Shelf) -> Built:
        await write_account(shelf, source)
        await write_manifest(shelf, source)
        written = {one.name for one in shelf.archive.members}
        head = [name for name in HEAD if name in written]
        done = await asyncio.to_thread(shelf.archive.finish, head)
        run, first = source.story.run, source.analysis.causes[0]
        return Built(
            path=done.path,
            name=name_of(source.story),
            run_id=run.id,
            repository=run.subject.repository,
            pull=run.subject.pull,
            seq=run.head_seq,
            as_of=source.story.as_of,
            size=done.size,
            sha256=done.sha256,
            members=len(written),
            cause=first.name,
            sentence=shelf.masker.text(first.sentence),
            confidence=str(first.confidence),
            next_action=shelf.masker.text(first.next_action),
            errors=tuple(dict.fromkeys(one.collector for one in shelf.missed)),
        )


class _Turn:
    """Lets a collector work until it fails; then that is told, and it is left out.

    What all of them need, the database and the disk, is no failure of one: the bundle
    that lacks a part for that would be kept, and never made whole.
    """

    def __init__(self, packer: Packer) -> None:
        self.packer = packer
        self._failed = False

    async def take(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do some of its work."""
        if self._failed:
            return
        try:
            await work()
        except StoreUnavailableError:
            raise
        except Exception as error:
            if _is_of_disk(error):
                raise
            self._failed = True
            collector = self.packer.collector
            log.exception("rca.collector_failed", collector=collector)
            await self.packer.leave(f"{type(error).__name__}: {error}")

    def miss(self, where: str, error: Exception) -> None:
        """Tell of a part of an event that is gone."""
        self.packer.miss(f"{where}: {error}")


def _is_of_disk(error: Exception) -> bool:
    """Return whether the system refused to write a file, as a full disk does."""
    return isinstance(error, OSError) and error.errno is not None


@contextmanager
def _disk_of(folder: Path) -> Iterator[None]:
    """Name the folder in what the system refuses; raises SpoolError."""
    try:
        yield
    except OSError as error:
        if not _is_of_disk(error):
            raise
        raise SpoolError(folder=folder, reason=error.strerror or error) from error


def _spool(folder: Path) -> Path:
    """Make a folder that nobody else can look into."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="rca-", dir=folder))
