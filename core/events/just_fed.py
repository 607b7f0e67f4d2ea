"""The newest entries of the feed, kept by the process that feeds them."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from core.events.feed import FeedEntry

KEPT = 2000


class JustFed:
    """Remembers what was just fed here, so that it need not be read again."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[FeedEntry] = deque(maxlen=kept)

    def add(self, entries: Sequence[FeedEntry]) -> None:
        """Remember entries; they begin anew when these do not follow the last."""
        if self._entries and entries[0].position != self._entries[-1].position + 1:
            self._entries.clear()
        self._entries.extend(entries)

    def between(self, first: int, last: int) -> tuple[FeedEntry, ...] | None:
        """Return the entries from one position to another, None unless all are here."""
        if not self._entries or self._entries[-1].position < last:
            return None
        start = first - self._entries[0].position
        if start < 0:
            return None
        return tuple(islice(self._entries, start, start + last - first + 1))
