"""Whom a stream's events are about: its repository and pull request, if any."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.events.base import JSON
from core.feed.order import Logged
from core.feed.subject import NOBODY, About
from core.feed.writer_logs import WriterLogs

REMEMBERED = 10_000
# Their entries are about many repositories: none of them is the stream's.
OF_MANY = ("audit/",)
PULL_STREAM = re.compile(r"(?:pull|findings)/(?P<repository>[^#]+)#(?P<pull>\d+)")


@dataclass(frozen=True, slots=True)
class AsRun:
    """A stream is about whatever this run is about."""

    run_id: str


def told_by(stream: str, events: Iterable[JSON]) -> About | AsRun:
    """Return what a stream's name, or its first commit's events, say of it."""
    if stream.startswith(OF_MANY):
        return NOBODY
    named = PULL_STREAM.fullmatch(stream)
    if named is not None:
        return About(named["repository"], int(named["pull"]))
    for event in events:
        data = event["data"]
        repository, pull = data.get("repository"), data.get("pull")
        if isinstance(repository, str):
            return About(repository, pull if isinstance(pull, int) else None)
        ours = data.get("ours")
        if isinstance(ours, Mapping) and isinstance(ours.get("run_id"), str):
            return AsRun(ours["run_id"])
    return NOBODY


class Abouts:
    """Finds and remembers whom streams are about, by one lookup a stream.

    Every method raises StoreUnavailableError.
    """

    def __init__(self, logs: WriterLogs) -> None:
        self._logs = logs
        self._known: OrderedDict[str, About] = OrderedDict()

    async def fill(self, commits: Sequence[Logged]) -> list[Logged]:
        """Return the commits, each with whom it is about."""
        return [replace(one, about=await self._of(one)) for one in commits]

    async def of_stream(self, stream: str) -> About:
        """Return whom a stream's events are about; nobody when it has none."""
        if stream in self._known:
            self._known.move_to_end(stream)
            return self._known[stream]
        first = await self._logs.of_stream(stream, 1)
        return NOBODY if first is None else await self._learn(stream, first.events)

    async def _of(self, commit: Logged) -> About:
        if commit.seq == 1 and commit.stream not in self._known:
            return await self._learn(commit.stream, commit.events)
        return await self.of_stream(commit.stream)

    async def _learn(self, stream: str, events: Iterable[JSON]) -> About:
        told = told_by(stream, events)
        if isinstance(told, AsRun):
            told = await self.of_stream(f"run/{told.run_id}")
        self._known[stream] = told
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return told
