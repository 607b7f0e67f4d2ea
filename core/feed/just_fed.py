"""The newest pages of the feed, kept by the process that feeds them."""

from collections import deque
from collections.abc import Sequence

from core.feed.page import FeedEntry

# A page is a megabyte at most, and a few kilobytes as a rule.
MOST_PAGES = 64


class JustFed:
    """Remembers what was just fed here, so that it need not be read again."""

    def __init__(self, most: int = MOST_PAGES) -> None:
        self._pages: deque[Sequence[FeedEntry]] = deque(maxlen=most)

    def add(self, entries: Sequence[FeedEntry]) -> None:
        """Remember a page; all begins anew when it does not follow the last."""
        if self._pages and entries[0].position != self._pages[-1][-1].position + 1:
            self._pages.clear()
        self._pages.append(entries)

    def forget(self) -> None:
        """Forget all pages, for some of it was cut."""
        self._pages.clear()

    def between(self, first: int, last: int) -> tuple[FeedEntry, ...] | None:
        """Return the entries from one position to another, None unless all are here."""
        if not self._pages or self._pages[-1][-1].position < last:
            return None
        if self._pages[0][0].position > first:
            return None
        return tuple(
            entry
            for page in self._pages
            for entry in page
            if first <= entry.position <= last
        )
