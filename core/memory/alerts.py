"""Tells people, once each, that something they may want to keep is about to end.

An alert is told in the journal by folding what was told before: once, whoever else
does so meanwhile. Over HTTP an intention is recorded first and sent until it arrived.
Between the arrival and its record a process can die; it is then sent again with the
same Idempotency-Key, so a receiver that honours the key has it once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import structlog

from core.clock import Clock
from core.errors import NotificationError
from core.events import schema
from core.events.base import Payload
from core.memory.alert_store import AlertStore, Intention
from core.memory.model import Session
from core.memory.policy import DAY, HOUR
from core.memory.telling import Telling
from core.metrics.memory import ALERTS

HTTP = "http"
# A claimed intention is another's again after the first pause, which is longer than
# an attempt can take.
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
# So long after an end nobody needs to hear of it any more.
GIVE_UP = timedelta(days=7)
MOST = 20
Subject = Literal["session", "items"]
log = structlog.get_logger()


class Notifier(Protocol):
    """Sends alerts to somewhere beside the journal."""

    async def send(self, key: str, body: Mapping[str, Any]) -> None:
        """Send a JSON body; the key is the same whenever it is sent again.

        Raises NotificationError when nobody has taken it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """That something ends at `expires_at`; `threshold` is in seconds before it."""

    session: Session
    subject: Subject
    generation: int
    threshold: int
    expires_at: datetime


class Alerts:
    """Tells and sends alerts; every method raises StoreUnavailableError.

    Without a `notifier` the journal is the only channel. For `kept` it is remembered
    what was sent.
    """

    def __init__(
        self,
        store: AlertStore,
        telling: Telling,
        *,
        clock: Clock,
        kept: timedelta,
        give_up: timedelta = GIVE_UP,
        notifier: Notifier | None = None,
    ) -> None:
        self._store = store
        self._telling = telling
        self._clock = clock
        self._notifier = notifier
        self._kept = kept
        self._give_up = give_up

    async def tell(self, alert: Alert) -> None:
        """Tell an alert once in each channel, whoever else does so now."""
        if self._notifier is not None:
            intention = _intention(alert, self._clock.now())
            await self._store.intend(intention, self._kept)
        session, scope = alert.session, alert.session.scope
        event = schema.MemoryExpiring(
            session_id=session.id,
            subject=alert.subject,
            scope=scope.kind,
            repository=scope.repository,
            pull=scope.pull,
            generation=alert.generation,
            threshold=alert.threshold,
            expires_at=alert.expires_at,
        )

        def decide(told: Sequence[Payload]) -> Sequence[Payload]:
            return () if any(_covers(one, event) for one in told) else (event,)

        if await self._telling.tell(session.id, decide):
            ALERTS.inc(channel="event", outcome="sent")
            log.warning(
                "memory.expiring",
                session_id=session.id,
                scope=scope.key,
                subject=alert.subject,
                threshold=alert.threshold,
                expires_at=alert.expires_at.isoformat(),
            )

    async def all_out(self, session_id: str, subject: Subject, generation: int) -> bool:
        """Return whether no alert of a generation is still to be sent."""
        waiting = await self._store.waiting(session_id)
        mine = (subject, generation)
        return all((one.subject, one.generation) != mine for one in waiting)

    async def deliver(self) -> int:
        """Send what is due; return how many there were that could be.

        What was to be sent when there was a notifier waits for one.
        """
        done = 0
        for one in await self._store.due(self._clock.now(), MOST):
            if one.state == "sent":
                await self._tell_sent(one)
            elif self._notifier is not None:
                await self._send(one, self._notifier)
            else:
                continue
            done += 1
        return done

    async def _send(self, one: Intention, notifier: Notifier) -> None:
        now = self._clock.now()
        if now > one.expires_at + self._give_up:
            if await self._store.settle(one, "given_up"):
                ALERTS.inc(channel=HTTP, outcome="given_up")
                log.error("memory.unnotified", alert=one.id, attempts=one.attempts)
            return
        tried = await self._store.attempt(one, now + pause(one.attempts))
        if tried is None:
            return
        try:
            await notifier.send(tried.id, body_of(tried, now))
        except NotificationError as error:
            ALERTS.inc(channel=HTTP, outcome="failed")
            log.warning("memory.notify_failed", alert=one.id, reason=str(error))
            return
        if await self._store.settle(tried, "sent"):
            await self._tell_sent(tried)

    async def _tell_sent(self, one: Intention) -> None:
        event = schema.MemoryNotified(
            session_id=one.session_id,
            subject=one.subject,
            generation=one.generation,
            threshold=one.threshold,
            channel=HTTP,
            attempts=one.attempts,
        )

        def decide(told: Sequence[Payload]) -> Sequence[Payload]:
            return () if any(_is_told(past, event) for past in told) else (event,)

        if await self._telling.tell(one.session_id, decide):
            ALERTS.inc(channel=HTTP, outcome="sent")
            log.info("memory.notified", alert=one.id, attempts=one.attempts)
        await self._store.told(one.id)


def pause(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts and one more."""
    doubled = FIRST_PAUSE * (1 << min(attempts, 10))
    return min(doubled, LONGEST_PAUSE)


def body_of(one: Intention, now: datetime) -> Mapping[str, Any]:
    """Return an alert as Slack's incoming webhooks take it, and others can read it."""
    what = "Session" if one.subject == "session" else "Some items of session"
    verb = "ends" if one.subject == "session" else "end"
    if one.expires_at <= now:
        when = "has ended" if one.subject == "session" else "have ended"
    else:
        when = f"{verb} within {spoken(one.threshold)}"
    text = f"{what} {one.session_id} of {_plain(one.scope)} {when}."
    end = f"{one.expires_at:%Y-%m-%d %H:%M} UTC"
    way = f"End: {end}. `nofx memory hold` or a renewal keeps what is needed."
    return {
        "text": text,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": way}]},
        ],
    }


def spoken(seconds: int) -> str:
    """Return a threshold in words, such as `7 days`."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (60, "minute"), (1, "second")):
        if seconds % unit == 0 and seconds >= unit:
            count = seconds // unit
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "no time"


def _plain(text: str) -> str:
    """Return text in which Slack finds no markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _intention(alert: Alert, now: datetime) -> Intention:
    session = alert.session
    parts = (session.id, alert.subject, alert.generation, alert.threshold, HTTP)
    return Intention(
        id="/".join(map(str, parts)),
        session_id=session.id,
        subject=alert.subject,
        generation=alert.generation,
        threshold=alert.threshold,
        expires_at=alert.expires_at,
        scope=session.scope.key,
        state="pending",
        attempts=0,
        due_at=now,
    )


def _covers(told: Payload, event: schema.MemoryExpiring) -> bool:
    """Return whether an alert was told, or one that is tighter."""
    return (
        isinstance(told, schema.MemoryExpiring)
        and (told.subject, told.generation) == (event.subject, event.generation)
        and told.threshold <= event.threshold
    )


def _is_told(told: Payload, event: schema.MemoryNotified) -> bool:
    mine = (event.subject, event.generation, event.threshold, event.channel)
    return isinstance(told, schema.MemoryNotified) and mine == (
        told.subject,
        told.generation,
        told.threshold,
        told.channel,
    )
