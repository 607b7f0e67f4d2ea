"""The rules of ends: which alert is due, what may be erased, when to look again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.memory.expiry import (
    Alerted,
    Standing,
    alert_due,
    day_of,
    erasable_at,
    item_ends_at,
    next_look,
    settled,
)
from core.memory.model import Draft, Kind
from core.memory.policy import DAY, HOUR, Policy

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
spans = st.integers(1, 40 * DAY)
policies = st.builds(
    Policy,
    thresholds=st.lists(spans, max_size=4, unique=True).map(
        lambda found: tuple(sorted(found, reverse=True))
    ),
    grace=st.integers(0, 5 * DAY).map(lambda one: timedelta(seconds=one)),
)
standings = st.builds(
    Standing,
    expires_at=st.integers(0, 60 * DAY).map(lambda one: NOON + timedelta(seconds=one)),
    generation=st.integers(1, 9),
    life=spans.map(lambda one: timedelta(seconds=one)),
)


def told(standing: Standing, threshold: int, at: datetime) -> Standing:
    """Return it after an alert went out."""
    alerted = Alerted(threshold=threshold, expires_at=standing.expires_at, at=at)
    return replace(standing, alerted=alerted)


@given(standings, policies, st.lists(st.integers(0, 90 * DAY), min_size=1))
def test_each_threshold_is_told_once_and_the_tightest_covers(
    standing: Standing, policy: Policy, looks: list[int]
) -> None:
    """However seldom somebody looks, what is told grows tighter and tighter."""
    heard, now = list[int](), NOON
    for look in sorted(looks):
        now = NOON + timedelta(seconds=look)
        threshold = alert_due(standing, policy, now)
        if threshold is not None:
            heard.append(threshold)
            standing = told(standing, threshold, now)
        assert alert_due(standing, policy, now) is None
    assert heard == sorted(set(heard), reverse=True)
    passed = [
        one
        for one in policy.thresholds
        if timedelta(seconds=one) < standing.life
        and standing.expires_at - now <= timedelta(seconds=one)
    ]
    assert heard[-1:] == ([min(passed)] if passed else [])


@given(standings, policies, st.integers(0, 90 * DAY))
def test_nothing_is_erased_before_its_end_nor_kept_beyond_the_grace(
    standing: Standing, policy: Policy, look: int
) -> None:
    """And never before the tightest alert went out, unless the grace is over."""
    now = NOON + timedelta(seconds=look)
    latest = standing.expires_at + policy.grace
    assert standing.expires_at <= erasable_at(standing, policy) <= latest
    applying = [
        one for one in policy.thresholds if timedelta(seconds=one) < standing.life
    ]
    if applying:
        assert erasable_at(standing, policy) == latest
        after = told(standing, min(applying), now)
        assert standing.expires_at <= erasable_at(after, policy) <= latest


@given(standings, policies, st.integers(0, 90 * DAY))
def test_who_comes_again_when_told_to_misses_nothing(
    standing: Standing, policy: Policy, look: int
) -> None:
    """Between two looks no alert becomes due and nothing erasable."""
    now = NOON + timedelta(seconds=look)
    threshold = alert_due(standing, policy, now)
    if threshold is not None:
        standing = told(standing, threshold, now)
    again = next_look(standing, policy, now)
    assert now < again <= now + timedelta(days=1)
    before = again - timedelta(milliseconds=1)
    if before > now:
        assert alert_due(standing, policy, before) is None
        erasable = erasable_at(standing, policy)
        assert (erasable <= before) == (erasable <= now)


@given(standings, spans, spans)
def test_a_generation_ends_when_what_was_told_is_not_so_any_more(
    standing: Standing, threshold: int, moved: int
) -> None:
    """An end that moves before anybody was told keeps its generation."""
    later = standing.expires_at + timedelta(seconds=moved)
    assert settled(replace(standing, expires_at=later)).generation == (
        standing.generation
    )
    heard = told(standing, threshold, NOON)
    assert settled(heard) == heard
    renewed = settled(replace(heard, expires_at=later))
    assert (renewed.generation, renewed.alerted) == (standing.generation + 1, None)
    assert settled(renewed) == renewed


@pytest.mark.parametrize(
    ("kind", "own", "ends"),
    [
        (Kind.MESSAGE, None, 30),
        (Kind.MESSAGE, 7, 7),
        (Kind.MESSAGE, 60, 30),
        (Kind.SNAPSHOT, None, None),
        (Kind.SNAPSHOT, 60, 60),
        (Kind.MARKER, 7, None),
    ],
)
def test_an_item_ends_by_its_kind_or_sooner(
    kind: Kind, own: int | None, ends: int | None
) -> None:
    """Whoever drafts it may shorten its life."""
    policy = Policy(kind_days={"message": 30})
    expires_at = NOON + timedelta(days=own) if own else None
    draft = Draft(kind=kind, content={}, expires_at=expires_at)
    end = NOON + timedelta(days=ends) if ends else None
    assert policy.item_end(draft, NOON) == end


def test_an_item_never_outlives_its_session() -> None:
    """Whatever end of its own it has."""
    sooner, later = NOON, NOON + timedelta(hours=1)
    assert item_ends_at(None, sooner) == sooner
    assert item_ends_at(later, sooner) == sooner
    assert item_ends_at(sooner, later) == sooner
    assert day_of(NOON) == day_of(NOON + timedelta(hours=11))
    assert day_of(NOON) < day_of(NOON + timedelta(hours=12))


def test_a_threshold_that_is_longer_than_the_life_never_rings() -> None:
    """Or each new session of a day would begin with an alert."""
    born = Standing(
        expires_at=NOON + timedelta(days=1), generation=1, life=timedelta(days=1)
    )
    policy = Policy()
    assert alert_due(born, policy, NOON) is None
    assert alert_due(born, policy, NOON + timedelta(hours=23)) == HOUR
    assert next_look(born, policy, NOON) == NOON + timedelta(hours=23)
