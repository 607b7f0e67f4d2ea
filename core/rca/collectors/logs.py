"""All that the run's steps have logged, try by try and in one row."""

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from typing_extensions import override

from core.events.commit import Commit
from core.events.schema import StepFinished, StepRetried
from core.rca.ahead import ahead
from core.rca.collecting import Packer, Source, row
from core.rca.collectors.parts import Part, events_in
from core.rca.collectors.tries import blob, parsed
from core.rca.writing import SMALL, Extent
from core.runs.tries import KeptTry, Tries


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The masked lines of one try, packed where they are many."""

    one: KeptTry
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
        async with aclosing(ahead(self._logged(commits), self._made)) as made_ones:
            async for made in made_ones:
                await self.packer.beside(self._write, made)

    @override
    async def finish(self) -> None:
        await self.packer.end(self._merged)

    def _logged(self, commits: Sequence[Commit]) -> Iterator[KeptTry]:
        for _, _, event in events_in(commits):
            attempt = self._tries.take(event)
            match event:
                case StepFinished(log=str(digest)) | StepRetried(log=str(digest)):
                    yield KeptTry(step=event.subject, attempt=attempt, digest=digest)
                case _:
                    pass

    async def _made(self, one: KeptTry) -> _Made:
        data = await blob(self.source, self.packer, one.digest)
        return await self.packer.beside(self._masked, one, data or b"")

    def _masked(self, tried: KeptTry, data: bytes) -> _Made:
        rows = data.splitlines()
        told = {"step": tried.step, "attempt": tried.attempt}
        # Lines of ours that are clean are taken over unread: most are.
        begin, begun = row({"step": tried.step})[:-1] + b",", row(told)[:-1] + b","
        doubtful = self.packer.doubtful(rows)
        doubtful.update(
            at for at, some in enumerate(rows) if not some.startswith(begin)
        )
        read = sorted(doubtful)
        lines = parsed([rows[at] for at in read], tried.digest)
        masked = self.packer.rows([{**told, **line} for line in lines])
        skipped = len(begin)
        made = [begun + some[skipped:] for some in rows]
        for at, line in zip(read, masked, strict=True):
            made[at] = line
        whole = b"".join([line + b"\n" for line in made])
        packed = self.packer.pack(whole) if len(whole) > SMALL else None
        return _Made(one=tried, data=whole, packed=packed)

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
