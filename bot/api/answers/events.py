"""Events as the API shows them."""

from pydantic import Field

from bot.api.answers.base import Shown
from core.feed.envelope import Envelope, envelope
from core.feed.replay import EventPage


class EventList(Shown):
    """A page of events, in the order that was asked for."""

    events: list[Envelope]
    next: int | None = Field(
        description="where the next page begins: the next `after`, or `before` in"
        " descending order; null when there is no further event"
    )
    head: int = Field(
        description="the last position when this was read: after the last page in"
        " ascending order, go on from here for what is still to come"
    )
    oldest: int = Field(description="the oldest position that is kept")
    partial: bool = Field(
        description="whether the search was cut off: go on from `next`, where there"
        " may be more, though this page may be short or empty"
    )

    @classmethod
    def of(cls, page: EventPage) -> "EventList":
        """Return the page as the API shows it."""
        return cls(
            events=[envelope(one) for one in page.entries],
            next=page.next,
            head=page.head,
            oldest=page.oldest,
            partial=page.partial,
        )
