"""The run's events, and the notes of workers that let go of it."""

from collections.abc import Iterator, Sequence

from typing_extensions import override

from core.events.base import JSON
from core.events.commit import Commit, shown
from core.rca.collecting import Packer, Source, facts_of
from core.rca.collectors.parts import Part, events_in


class EventsCollector(Part):
    """Writes `events/events.ndjson`, one line an event."""

    name = "events"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._lines = packer.lines("events/events")

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        await self._lines.add(_rows(commits))

    @override
    async def finish(self) -> None:
        await self._lines.close()


class LeftCollector(Part):
    """Writes `events/left.ndjson`, the notes of workers that let go of the run."""

    name = "left"

    @override
    async def finish(self) -> None:
        lines = self.packer.lines("events/left")
        await lines.add(
            {
                "id": told.id,
                "seq": told.seq,
                "time": shown(told.time),
                "writer": told.writer,
                **told.event.stored(),
            }
            for told in self.source.story.left
        )
        await lines.close()


def _rows(commits: Sequence[Commit]) -> Iterator[JSON]:
    for name, commit, event in events_in(commits):
        yield {
            "id": name,
            **facts_of(commit),
            "writer": commit.writer,
            **event.stored(),
        }
