"""Whose turn it is: repositories take turns in each lane, within limits; pure."""

from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from core.runs.lanes import LANES, Lane, lane_of
from core.runs.model import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A run as its place in the queue names it; `run` is there when it is at hand.

    `owner` is who holds it; a `retry` was put off, and its time has come.
    """

    run_id: str
    repository: str
    installation_id: int | None
    pipeline: str
    head_seq: int
    lane: Lane = Lane.ROUTINE
    owner: str | None = None
    retry: bool = False
    run: Run | None = None


def entry_of(run: Run) -> Entry:
    """Return the entry of a run that is at hand."""
    return Entry(
        run_id=run.id,
        repository=run.subject.repository,
        installation_id=run.subject.installation_id,
        pipeline=run.subject.pipeline,
        head_seq=run.head_seq,
        lane=lane_of(run) or Lane.ROUTINE,
        owner=run.owner,
        run=run,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How many runs of a repository, and of an installation, are held at once; 0: any.

    A run on no installation counts for its repository alone.
    """

    repository: int = 0
    installation: int = 0

    def __bool__(self) -> bool:
        """Return whether anything is limited."""
        return bool(self.repository or self.installation)


class Held:
    """Counts of held runs, and whether a limit leaves room for one more."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._counts: Counter[str | int] = Counter()
        self._uncertain: set[str | int] = set()

    def add(self, entries: Iterable[Entry], *, since: Collection[str] = ()) -> None:
        """Count what is held.

        Runs of `since` were claimed after the last look at what others hold: until the
        next there is no more room for their repository and installation, or workers
        that look at one moment would all fill the same places.
        """
        for entry in entries:
            for key, _ in self._limits(entry):
                self._counts[key] += 1
                if entry.run_id in since:
                    self._uncertain.add(key)

    def room(self, entry: Entry) -> bool:
        """Return whether the entry may be held too."""
        return all(
            self._counts[key] < cap and key not in self._uncertain
            for key, cap in self._limits(entry)
        )

    def _limits(self, entry: Entry) -> Iterable[tuple[str | int, int]]:
        if self._caps.repository:
            yield entry.repository, self._caps.repository
        if self._caps.installation and entry.installation_id is not None:
            yield entry.installation_id, self._caps.installation


class Turns:
    """Candidates of one process, and who was served last in each lane."""

    def __init__(self) -> None:
        self.last: dict[Lane, str] = dict.fromkeys(LANES, "")
        self._lines: dict[Lane, dict[str, deque[Entry]]] = {lane: {} for lane in LANES}
        self._known: set[str] = set()

    def __len__(self) -> int:
        """Return how many candidates there are."""
        return len(self._known)

    def add(self, entry: Entry) -> None:
        """Take in a candidate, at the end of its repository's line."""
        if entry.run_id in self._known:
            return
        self._known.add(entry.run_id)
        line = self._lines[entry.lane].setdefault(entry.repository, deque())
        line.append(entry)

    def take(self, held: Held) -> Entry | None:
        """Return the next candidate that the limits leave room for; it is then gone.

        Repositories are served by their names, from past the one that was served last,
        so that none of them waits for more than one run of each other.
        """
        for lane in LANES:
            lines = self._lines[lane]
            for name in _in_turn(lines, self.last[lane]):
                if held.room(lines[name][0]):
                    self.last[lane] = name
                    return self._first(lines, name)
        return None

    def waiting(self) -> list[Entry]:
        """Return every candidate."""
        lines = [line for lane in LANES for line in self._lines[lane].values()]
        return [entry for line in lines for entry in line]

    def clear(self) -> None:
        """Forget every candidate, but not whose turn it is."""
        for lines in self._lines.values():
            lines.clear()
        self._known.clear()

    def _first(self, lines: dict[str, deque[Entry]], name: str) -> Entry:
        entry = lines[name].popleft()
        self._known.discard(entry.run_id)
        if not lines[name]:
            del lines[name]
        return entry


def _in_turn(names: Iterable[str], last: str) -> list[str]:
    return sorted(names, key=lambda name: (name <= last, name))
