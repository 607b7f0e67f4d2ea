"""How long what is remembered lives, and when people are told before it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.memory.model import Draft, Kind

HOUR = 3600
DAY = 24 * HOUR
THRESHOLDS = (7 * DAY, DAY, HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Lifetimes, thresholds and graces; `thresholds` are seconds before an end.

    A session lives for `days` after its last item when `sliding`, else after its
    beginning. `kind_days` gives items of a kind an end of their own. Nothing whose
    alert is due is erased before it went out, unless it has been over for `grace`.
    The database itself purges what is over for `slack` more: by then no sweeper ran.
    A tombstone stays for `tombstone`, and no backup is older than `backups`.
    """

    days: int = 90
    kind_days: Mapping[str, int] = field(default_factory=dict)
    sliding: bool = True
    thresholds: tuple[int, ...] = THRESHOLDS
    grace: timedelta = timedelta(days=3)
    slack: timedelta = timedelta(days=7)
    tombstone: timedelta = timedelta(days=400)
    backups: timedelta = timedelta(days=30)

    @property
    def life(self) -> timedelta:
        """Return how long a session lives at first."""
        return timedelta(days=self.days)

    @property
    def slides_by(self) -> int:
        """Return by how many seconds an item puts a session's end off, 0 for never."""
        return self.days * DAY if self.sliding else 0

    @property
    def longest(self) -> timedelta:
        """Return how long before an end the first alert is due."""
        return timedelta(seconds=max(self.thresholds, default=0))

    def item_end(self, draft: Draft, now: datetime) -> datetime | None:
        """Return when a drafted item ends by itself, None with its session.

        A marker never does: it says for as long as the session lives what was erased.
        """
        if draft.kind is Kind.MARKER:
            return None
        days = self.kind_days.get(draft.kind)
        by_kind = now + timedelta(days=days) if days else None
        ends = [one for one in (draft.expires_at, by_kind) if one is not None]
        return min(ends, default=None)

    def purge_after(self, expires_at: datetime) -> datetime:
        """Return when the database itself takes a session away, and its key with it."""
        return expires_at + self.grace + self.slack

    def first_look(self, expires_at: datetime, now: datetime) -> datetime:
        """Return when a sweeper must look at something that ends then.

        Once a day it looks anyway: an append that died on its way had no time to say
        that an item of it ends sooner.
        """
        return min(expires_at - self.longest, now + timedelta(days=1))

    def fresh_end(self, now: datetime) -> datetime:
        """Return the end of what was held beyond its own, and is released now.

        Each alert is still ahead of it, as it is for what is new.
        """
        return now + self.longest + self.grace


USUAL = Policy()
