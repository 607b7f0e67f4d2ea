"""Decides, without doing it, which alert is due, what may be erased, and when to look.

Rules, in one place:

- An alert is due once its threshold before the end has passed. Of several that passed
  at once the tightest is told; it covers the others.
- A threshold that is no shorter than the whole life is none: it would ring at birth.
- A generation ends when the end moves after one of its alerts was told: the next look
  then begins another, with all thresholds ahead. An end that moves unalerted, as it
  does with each item appended, keeps its generation. To renew and to release begin one.
- Nothing is erased before its end, nor before its tightest alert went out and people
  had as long as that alert promised; but once the grace is over it is, alert or not.
- Items that end on one day (UTC) are alerted together; the day is their generation.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.memory.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted:
    """The tightest alert that went out in a generation, and for which end."""

    threshold: int
    expires_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Something that will end; `life` is how long it lives from when it was renewed."""

    expires_at: datetime
    generation: int
    life: timedelta
    alerted: Alerted | None = None


def settled(standing: Standing) -> Standing:
    """Return it in the generation that its end belongs to."""
    told = standing.alerted
    if told is None or standing.expires_at == told.expires_at:
        return standing
    return replace(standing, generation=standing.generation + 1, alerted=None)


def alert_due(standing: Standing, policy: Policy, now: datetime) -> int | None:
    """Return the threshold to be told now, None when there is nothing to tell."""
    left = standing.expires_at - now
    passed = [one for one in _thresholds(standing, policy) if left <= _seconds(one)]
    if not passed:
        return None
    tightest, told = min(passed), standing.alerted
    return None if told and told.threshold <= tightest else tightest


def erasable_at(standing: Standing, policy: Policy) -> datetime:
    """Return from when on it may be erased, as far as alerts have gone by now."""
    thresholds, told = _thresholds(standing, policy), standing.alerted
    if not thresholds:
        return standing.expires_at
    latest = standing.expires_at + policy.grace
    tightest = min(thresholds)
    if told is None or told.threshold > tightest:
        return latest
    promised = told.at + _seconds(tightest)
    return min(max(standing.expires_at, promised), latest)


def next_look(standing: Standing, policy: Policy, now: datetime) -> datetime:
    """Return when something will be due next, after what is due now was done."""
    told = standing.alerted
    ahead = [
        standing.expires_at - _seconds(one)
        for one in _thresholds(standing, policy)
        if told is None or one < told.threshold
    ]
    moments = [*ahead, erasable_at(standing, policy)]
    return min(one for one in [*moments, now + timedelta(days=1)] if one > now)


def item_ends_at(own: datetime | None, session: datetime) -> datetime:
    """Return an item's end: it never outlives its session."""
    return session if own is None else min(own, session)


def day_of(end: datetime) -> int:
    """Return the generation of items that end then: the day's number."""
    return end.toordinal()


def _thresholds(standing: Standing, policy: Policy) -> list[int]:
    return [one for one in policy.thresholds if _seconds(one) < standing.life]


def _seconds(number: int) -> timedelta:
    return timedelta(seconds=number)
