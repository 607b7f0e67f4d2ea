"""Second step: which parts of the change can be read, and the files they stand in."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from bot.pipeline.approving import reasons
from bot.pipeline.cover import Reading
from bot.pipeline.ports import Described, Source
from bot.pipeline.state import Artifacts, State
from bot.plain import counted
from core.review.coverage import nameable
from core.review.hunks import Diff, FilePatch
from core.review.reviewer import Sighting
from core.review.selection import excluded, without
from core.runs.pipeline import StepContext, StepOutcome

AT_ONCE = 2
# So many files are asked for by one question.
TOGETHER = 50
UNFETCHED = "its content could not be fetched: it is absent at the head or too large"
Result = TypeVar("Result")
LINK, LINK_MODE = "it is a symbolic link, which is not followed", "120000"


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A file that was kept, and the secrets that were in it."""

    digest: str
    found: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Analyze:
    """Parses the diff and fetches the changed files as they are at the head.

    Secrets are looked for in the whole files, and masked before these are kept.
    """

    reading: Reading
    artifacts: Artifacts
    name: str = "analyze"

    async def run(self, context: StepContext) -> StepOutcome:
        """Keep each readable file once; name each hunk whose file cannot be had."""
        state = State.of(context.state)
        whole = await self.artifacts.whole_diff(state)
        left_out = excluded(state.config.paths, whole, state.missing)
        diff = without(whole, left_out)
        source = await self.reading.sources.of(context.run)
        wanted = [file for file in diff.files if _readable(file)]
        # GitHub answers a link with what it leads to, which is not what was changed.
        solid = [file for file in wanted if file.new_mode != LINK_MODE]
        fetched = await self._fetch(source, state.described, solid)
        digests = {path: one and one.digest for path, one in fetched.items()}
        read = {path: one.found for path, one in fetched.items() if one is not None}
        # Of what could not be fetched, what the diff showed is all that is known.
        before = await self.artifacts.sightings(state)
        found = [one for one in before if one.path not in {*read, *left_out}]
        found += [secret for secrets in read.values() for secret in secrets]
        unread = [
            (hunk.id, LINK if file.new_mode == LINK_MODE else UNFETCHED)
            for file in wanted
            if digests.get(file.path) is None
            for hunk in file.hunks
        ]
        kept = {path: key for path, key in digests.items() if key is not None}
        files_blob = await self.artifacts.keep_json(kept)
        since = await self.reading.memories.since_last(
            context.run,
            fork=state.fork,
            files=partial(self.artifacts.files_of, files_blob),
        )
        return StepOutcome(
            state={
                "files_blob": files_blob,
                "excluded": left_out,
                "asks": reasons(
                    state.config.gate.require_approval_for,
                    whole,
                    state.missing,
                    fork=state.fork,
                ),
                "missing": [one for one in state.missing if one[0] not in left_out],
                "since": since,
                "unread": unread,
                "sightings_blob": await self.artifacts.keep_sightings(found),
            },
            summary="; ".join(filter(None, (_summary(diff, left_out), since))),
        )

    async def _fetch(
        self, source: Source, described: Described, files: list[FilePatch]
    ) -> dict[str, _Fetched | None]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def some(part: list[FilePatch]) -> dict[str, _Fetched | None]:
            async with gate:
                paths = [file.path for file in part]
                read = await source.files(described, paths)
                kept = await _all(self._kept(one, read[one.path]) for one in part)
            return dict(zip(paths, kept, strict=True))

        parts = [files[at : at + TOGETHER] for at in range(0, len(files), TOGETHER)]
        fetched = await _all(some(part) for part in parts)
        return {path: one for part in fetched for path, one in part.items()}

    async def _kept(self, file: FilePatch, data: bytes | None) -> _Fetched | None:
        if data is None:
            return None
        covered, found = await asyncio.to_thread(self.reading.cover.file, file, data)
        return _Fetched(await self.artifacts.keep(covered), found)


async def _all(works: Iterable[Coroutine[None, None, Result]]) -> list[Result]:
    """Do all at once; the first failure ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    except BaseExceptionGroup as failures:
        # The walk tells an outage from a bug by the error itself.
        raise failures.exceptions[0] from failures
    return [task.result() for task in tasks]


def _readable(file: FilePatch) -> bool:
    gone = file.status == "removed" or file.binary
    return bool(file.hunks) and not gone and nameable(file.path)


def _summary(diff: Diff, left_out: Sequence[str]) -> str:
    hunks = sum(len(file.hunks) for file in diff.files)
    words = f"{counted(len(diff.files), 'file')}, {counted(hunks, 'hunk')}"
    return f"{words}; {counted(len(left_out), 'file')} excluded" if left_out else words
