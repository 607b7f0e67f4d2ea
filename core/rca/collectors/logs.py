"""All that the run's steps have logged, try by try and in one row."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from typing_extensions import override

from core.events.base import JSON
from core.events.commit import Commit
from core.events.schema import StepFinished, StepRetried
from core.rca.collecting import Packer, Source
from core.rca.collectors.ahead import ahead
from core.rca.collectors.parts import Part, events_in
from core.rca.collectors.tries import Tries, blob, parsed
from core.rca.writing import SMALL, Extent
from core.runs.kept_logs import LoggedTry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The masked lines of one try, packed where they are many."""

    one: LoggedTry
    data: bytes
    packed: Extent | None


class LogsCollector(Part):
    """Writes `logs/merged.ndjson` and `logs/steps/STEP-ATTEMPT.ndjson`.

    Their lines are the same, so that what is packed for the one serves the other.
    """

    name = "logs"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._merged = packer.begin("logs/merged", ".ndjson")
        self._tries = Tries()

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        async with aclosing(ahead(self._logged(commits), self._made)) as row:
            async for made in row:
                await asyncio.to_thread(self._write, made)

    @override
    async def finish(self) -> None:
        await self.packer.end(self._merged)

    def _logged(self, commits: Sequence[Commit]) -> Iterator[LoggedTry]:
        for _, _, event in events_in(commits):
            attempt = self._tries.take(event)
            match event:
                case StepFinished(log=str(digest)) | StepRetried(log=str(digest)):
                    yield LoggedTry(step=event.subject, attempt=attempt, digest=digest)
                case _:
                    pass

    async def _made(self, one: LoggedTry) -> _Made:
        data = await blob(self.source, self.packer, one.digest)
        return await asyncio.to_thread(self._masked, one, data or b"")

    def _masked(self, one: LoggedTry, data: bytes) -> _Made:
        told = {"step": one.step, "attempt": one.attempt}
        lines: list[JSON] = [{**told, **line} for line in parsed(data, one.digest)]
        masked = self.packer.rows(lines)
        is_large = len(masked) > SMALL
        packed = self.packer.pack(masked) if is_large else None
        return _Made(one=one, data=masked, packed=packed)

    def _write(self, made: _Made) -> None:
        stem = f"logs/steps/{self.packer.part(made.one.step)}-{made.one.attempt}"
        own = self.packer.begin(stem, ".ndjson")
        for member in (self._merged, own):
            if made.packed is None:
                member.write(made.data)
            else:
                member.share(made.data, made.packed)
            self.packer.counted(member.name, made.data)
        self.packer.ended(own)
