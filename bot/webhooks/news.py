"""What is still to be told of a delivery, and the events that tell it; pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from bot.webhooks.place import Place
from core.events import schema
from core.events.base import Payload
from core.events.commit import GENESIS, Commit, Draft

Mask = Callable[[str], str]


class Kind(StrEnum):
    """What happened to a delivery that others should know.

    What is turned away asks nothing of nofx, as is seen at the door; what is ignored,
    as is seen when it is worked on.
    """

    RECEIVED = "received"
    TURNED_AWAY = "turned_away"
    IGNORED = "ignored"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing that happened to a delivery, and when."""

    kind: Kind
    at: datetime
    reason: str = ""
    attempts: int = 0

    @property
    def begins(self) -> bool:
        """Return whether nothing can have been told of the delivery before."""
        return self.kind in {Kind.RECEIVED, Kind.TURNED_AWAY}

    def document(self) -> dict[str, Any]:
        """Return it as the database keeps it."""
        document: dict[str, Any] = {"kind": self.kind.value, "at": self.at}
        if self.reason:
            document["reason"] = self.reason
        if self.attempts:
            document["attempts"] = self.attempts
        return document


def news_of(document: Mapping[str, Any]) -> News:
    """Read one piece of news back."""
    return News(**{**document, "kind": Kind(document["kind"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A delivery of which something is to be told, oldest news first.

    `mark` is another one as soon as there is other news.
    """

    guid: str
    event: str
    action: str | None
    place: Place
    mark: str
    news: tuple[News, ...]

    @property
    def stream(self) -> str:
        """Return the name of its stream in the journal.

        The GUID is from outside: what is not a letter, a digit, `-`, `_` or `~` is
        written as `%` and two digits, so that no two share a stream and none has parts.
        """
        return f"delivery/{quote(self.guid, safe='').replace('.', '%2E')}"

    def missing(self, told: Sequence[Commit]) -> tuple[News, ...]:
        """Return the news that do not stand in what its stream has been told."""
        known = {(commit.time, _types(commit.events)) for commit in told}
        return tuple(
            one
            for one in self.news
            if (one.at, _types(self.events(one, str))) not in known
        )

    def draft(self, news: News, head: Commit | None, mask: Mask) -> Draft:
        """Return the commit that tells the news after the stream's `head`.

        Whoever makes it makes the same, so it does not matter who is the first.
        """
        return Draft(
            stream=self.stream,
            seq=head.seq + 1 if head else 1,
            time=news.at,
            events=self.events(news, mask),
            prev_hash=head.stored_hash if head else GENESIS,
        )

    def events(self, news: News, mask: Mask) -> tuple[Payload, ...]:
        """Return the events that tell the news, with secrets masked in reasons."""
        match news.kind:
            case Kind.RECEIVED:
                return (self._received(),)
            case Kind.TURNED_AWAY:
                return self._received(), self._ignored(mask(news.reason))
            case Kind.IGNORED:
                return (self._ignored(mask(news.reason)),)
            case Kind.DEAD:
                return (
                    schema.DeliveryDeadLettered(
                        event=self.event,
                        repository=self.place.repository,
                        reason=mask(news.reason),
                        attempts=news.attempts,
                    ),
                )

    def _received(self) -> Payload:
        return schema.DeliveryReceived(
            event=self.event,
            action=self.action,
            repository=self.place.repository,
            pull=self.place.pull,
            installation_id=self.place.installation_id,
        )

    def _ignored(self, reason: str) -> Payload:
        return schema.DeliveryIgnored(
            event=self.event,
            action=self.action,
            repository=self.place.repository,
            reason=reason,
        )


def _types(events: Iterable[Payload]) -> tuple[str, ...]:
    return tuple(event.type for event in events)
