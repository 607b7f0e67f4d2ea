"""The newest commits of this process, so that its feeder need not read them again."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from core.events.commit import Commit

KEPT = 500


class JustAppended:
    """Remembers what became durable here, in the order of its writer's numbers."""

    def __init__(self, kept: int = KEPT) -> None:
        self._commits: deque[Commit] = deque(maxlen=kept)

    def add(self, commits: Iterable[Commit]) -> None:
        """Remember commits; they begin anew where they do not follow the last."""
        for commit in commits:
            if self._commits and not _follows(self._commits[-1], commit):
                self._commits.clear()
            self._commits.append(commit)

    def forget(self) -> None:
        """Forget all commits, for some of them were cut."""
        self._commits.clear()

    def after(self, writer: str, wseq: int, *, limit: int) -> tuple[Commit, ...]:
        """Return up to `limit` of a writer's commits that follow its number `wseq`.

        Empty when the next is not here; the journal may have it all the same.
        """
        if not self._commits or self._commits[0].writer != writer:
            return ()
        start = wseq + 1 - self._commits[0].wseq
        if start < 0:
            return ()
        return tuple(islice(self._commits, start, start + limit))


def _follows(last: Commit, commit: Commit) -> bool:
    return (commit.writer, commit.wseq) == (last.writer, last.wseq + 1)
