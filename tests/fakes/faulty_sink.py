"""A journal in memory that fails as it is told to, for the appender alone."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from typing_extensions import override

from core.errors import StoreUnavailableError
from core.events.appender import Answer, Ended, Refused, Sink, Taken
from core.events.commit import Commit

REFUSED_FENCE = 666


@dataclass(frozen=True)
class Loses:
    """The answer is lost after `stored` documents have been stored."""

    stored: int = 0


@dataclass(frozen=True)
class Ends:
    """A feeder ends the writer's log just before."""


@dataclass(frozen=True)
class Breaks:
    """The driver fails in a way that nobody foresaw."""


Fault = Loses | Ends | Breaks | None


class FaultySink(Sink):
    """Stores commits under both unique keys; one fault an insert, in their order.

    Commits of fence 666 are refused by its validator: then `mongodb` keeps what came
    before in the batch, `embedded` nothing.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        server: Literal["mongodb", "embedded"] = "mongodb",
    ) -> None:
        self.stored: dict[str, Commit | str] = {}
        self.numbers: dict[tuple[str, int], str] = {}
        self.registered: list[str] = []
        self.batches: list[list[str]] = []
        self._faults = deque(faults)
        self._server = server

    async def register(self, writer: str) -> None:
        """Take a writer's name."""
        self.registered.append(writer)

    def occupy(self, key: str) -> None:
        """Let another process hold `stream:seq`."""
        self.stored[key] = "another"

    def log(self, writer: str) -> list[Commit]:
        """Return a writer's own commits in the order of their numbers."""
        keys = sorted(number for number in self.numbers if number[0] == writer)
        found = [self.stored.get(self.numbers[key]) for key in keys]
        return [commit for commit in found if isinstance(commit, Commit)]

    @override
    async def insert(self, commits: Sequence[Commit]) -> Answer:
        self.batches.append([commit.id for commit in commits])
        assert {commit.writer for commit in commits} <= set(self.registered)
        fault = self._faults.popleft() if self._faults else None
        match fault:
            case Loses(stored):
                self._insert(commits[:stored])
                raise StoreUnavailableError(reason="the answer is lost")
            case Ends():
                first = commits[0]
                if first.id not in self.stored:
                    key = (first.writer, first.wseq)
                    self.numbers.setdefault(key, "the end of the log")
            case Breaks():
                raise OSError
            case None:
                pass
        return self._insert(commits)

    def _insert(self, commits: Sequence[Commit]) -> Answer:
        refused = [n for n, one in enumerate(commits) if one.fence == REFUSED_FENCE]
        if refused and self._server == "embedded":
            return Refused(refused[0], "fence")
        for index, commit in enumerate(commits):
            if commit.fence == REFUSED_FENCE:
                return Refused(index, "fence")
            answer = self._insert_one(index, commit)
            if answer is not None:
                return answer
        return None

    def _insert_one(self, index: int, commit: Commit) -> Answer:
        number = (commit.writer, commit.wseq)
        there = self.stored.get(commit.id)
        if isinstance(there, Commit):
            return Taken(index, there)
        if there is not None:
            return Taken(index, another(commit))
        if number in self.numbers:
            return Ended(index)
        self.stored[commit.id] = commit
        self.numbers[number] = commit.id
        return None


def another(commit: Commit) -> Commit:
    """Return what another process stored at the same place."""
    return Commit(
        stream=commit.stream,
        seq=commit.seq,
        time=commit.time,
        events=commit.events,
        writer="w_another",
        wseq=1,
        stored_hash="f" * 64,
    )
