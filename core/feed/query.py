"""Which events are wanted, and which may be shown, as one value."""

from dataclasses import dataclass
from datetime import datetime

from core.access.tokens import EVERYWHERE, sees
from core.feed.page import FeedEntry
from core.feed.words import words_in


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """What is asked for; what is None or empty narrows nothing. Equal ones are one.

    `types` are whole names or a noun with `.*`. Decided at `since` or later, and before
    `until`. Every one of `words` must be in the event. `repositories` are the patterns
    of what may be seen at all; events about no repository need `*` among them.
    """

    types: tuple[str, ...] = ()
    run_id: str | None = None
    repository: str | None = None
    pull: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: frozenset[str] = frozenset()
    repositories: tuple[str, ...] = EVERYWHERE

    def matches(self, entry: FeedEntry) -> bool:
        """Return whether an event is wanted and may be shown."""
        return (
            self.run_id in (None, entry.run_id)
            and self._wants_subject(entry)
            and self._wants_type(entry.type)
            and (self.since is None or entry.time >= self.since)
            and (self.until is None or entry.time < self.until)
            and self._may_show(entry.about.repository)
            and (not self.words or self.words <= words_in(entry.type, entry.data))
        )

    @property
    def wants_everything(self) -> bool:
        """Return whether no event is left out."""
        return self == ALL

    def _wants_subject(self, entry: FeedEntry) -> bool:
        about = entry.about
        named = (about.repository or "").lower()
        return (
            self.repository is None or self.repository.lower() == named
        ) and self.pull in (None, about.pull)

    def _wants_type(self, kind: str) -> bool:
        return not self.types or any(_fits(kind, one) for one in self.types)

    def _may_show(self, repository: str | None) -> bool:
        if "*" in self.repositories:
            return True
        return repository is not None and sees(self.repositories, repository)


def _fits(kind: str, wanted: str) -> bool:
    if wanted.endswith(".*"):
        return kind.startswith(wanted[:-1])
    return kind == wanted


ALL = EventFilter()
