"""Looks after items that end before their session: alerts by the day, then erasure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.memory.alerts import Alert, Alerts
from core.memory.expiry import (
    Alerted,
    Standing,
    alert_due,
    day_of,
    erasable_at,
    item_ends_at,
    next_look,
)
from core.memory.holds import Registry
from core.memory.model import Session
from core.memory.mortal import FIELD, Mortal, alerted_document
from core.memory.shredding import Shredding
from core.store.database import Document

# So many items are erased with one marker and one event.
AT_ONCE = 500
# So often what could be erased asks whether its alert has arrived.
UNSENT = timedelta(minutes=5)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An item that is there, and when it ends."""

    seq: int
    end: datetime
    life: timedelta


class ItemEnds:
    """Tells and erases; every method raises StoreUnavailableError."""

    def __init__(
        self, registry: Registry, alerts: Alerts, shredding: Shredding
    ) -> None:
        self._on = registry
        self._alerts = alerts
        self._shredding = shredding

    async def tend(self, mortal: Mortal, now: datetime) -> datetime:
        """Do what is due with a session's items; return when to look again."""
        session, policy = mortal.session, self._on.policy
        days = _by_day(await self._ending(session, now), session)
        looks, told = [now + DAY], dict(mortal.days)
        over: list[int] = []
        for day, items in days.items():
            standing = _standing(day, items, told.get(day))
            threshold = alert_due(standing, policy, now)
            if threshold is not None:
                told[day] = await self._tell(session, standing, threshold, now)
                standing = replace(standing, alerted=told[day])
            gone = await self._over(session, standing, items, now)
            if gone is None:
                looks.append(now + UNSENT)
            over += gone or []
            ends = [replace(standing, expires_at=one.end) for one in items]
            looks += [next_look(one, policy, now) for one in ends]
        if told != mortal.days:
            await self._keep(session, told, now)
            return now
        over += await self._left_over(mortal, now)
        if over:
            await self._shredding.erase_items(mortal, tuple(sorted(over)[:AT_ONCE]))
            return now
        return min(looks)

    async def _ending(self, session: Session, now: datetime) -> list[Ending]:
        horizon = now + self._on.policy.longest
        found = await self._on.due.ending_items(session.id, horizon)
        return [_ending(one, session) for one in _unheld(found, session)]

    async def _over(
        self,
        session: Session,
        standing: Standing,
        items: Sequence[Ending],
        now: datetime,
    ) -> list[int] | None:
        """Return the items of a day that may go; None while their alert is away."""
        policy = self._on.policy
        over = [
            one
            for one in items
            if erasable_at(replace(standing, expires_at=one.end), policy) <= now
        ]
        if not over:
            return []
        if await self._alerts.all_out(session.id, "items", standing.generation):
            return [one.seq for one in over]
        return [one.seq for one in over if one.end + policy.grace <= now] or None

    async def _left_over(self, mortal: Mortal, now: datetime) -> list[int]:
        """Return what may go of a session that is over and of which items are held."""
        session = mortal.session
        if not session.is_held or erasable_at(mortal.standing(), self._on.policy) > now:
            return []
        found = await self._on.due.ending_items(session.id, None)
        unheld = _unheld(found, session)
        return [one["seq"] for one in unheld if one["kind"] != "marker"]

    async def _tell(
        self, session: Session, standing: Standing, threshold: int, now: datetime
    ) -> Alerted:
        end = standing.expires_at
        await self._alerts.tell(
            Alert(
                session=session,
                subject="items",
                generation=standing.generation,
                threshold=threshold,
                expires_at=end,
            )
        )
        return Alerted(threshold=threshold, expires_at=end, at=now)

    async def _keep(
        self, session: Session, told: Mapping[int, Alerted], now: datetime
    ) -> None:
        """Record what was told of days that are not long over."""
        oldest = day_of(now - self._on.policy.grace - DAY)
        days = {
            str(day): alerted_document(one)
            for day, one in told.items()
            if day >= oldest
        }
        await self._on.store.change(session, {f"{FIELD}.days": days})


def _unheld(found: Iterable[Document], session: Session) -> list[Document]:
    return [one for one in found if not session.holds_item(one["seq"])]


def _ending(found: Document, session: Session) -> Ending:
    end = item_ends_at(found["expires_at"], session.expires_at)
    return Ending(seq=found["seq"], end=end, life=end - found["at"])


def _by_day(items: Iterable[Ending], session: Session) -> dict[int, list[Ending]]:
    """Return by the day what ends before its session; the rest ends with that."""
    days: defaultdict[int, list[Ending]] = defaultdict(list)
    for one in items:
        if one.end < session.expires_at:
            days[day_of(one.end)].append(one)
    return days


def _standing(day: int, items: Sequence[Ending], told: Alerted | None) -> Standing:
    return Standing(
        expires_at=min(one.end for one in items),
        generation=day,
        life=max(one.life for one in items),
        alerted=told,
    )
