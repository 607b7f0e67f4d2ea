"""What every collector is, and what several of them need."""

from collections.abc import Iterator, Sequence

from core.events.base import Payload
from core.events.commit import Commit
from core.rca.collecting import Packer, Source


class Part:
    """Collects one part of a bundle; `name` is told where it fails.

    It is shown the run's history page by page, oldest first, and then asked to finish;
    either may be left out. Whatever it raises is told in the bundle, and what it has
    written by then stays.
    """

    name = ""

    def __init__(self, source: Source, packer: Packer) -> None:
        self.source = source
        self.packer = packer

    async def page(self, commits: Sequence[Commit]) -> None:
        """See the next entries of the run's own stream."""

    async def finish(self) -> None:
        """Write what could not be written before the end."""


def events_in(commits: Sequence[Commit]) -> Iterator[tuple[str, Commit, Payload]]:
    """Yield each event with its id, `STREAM:SEQ.INDEX`, and its entry."""
    for commit in commits:
        for index, event in enumerate(commit.events):
            yield f"{commit.id}.{index}", commit, event
