"""Pages of wanted events, from any position and in both directions."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import SystemClock
from core.events.bus import Bus
from core.feed import replay, stretch
from core.feed.index import COLLECTION as INDEX
from core.feed.indexer import Indexer
from core.feed.page import COLLECTION, FeedEntry
from core.feed.query import ALL, EventFilter
from core.feed.replay import Replay
from core.feed.words import words_of
from core.store.database import Database
from tests.fakes.feeds import (
    REPOSITORIES,
    TEXTS,
    TYPES,
    Wish,
    entries,
    expected,
    lay,
    moment,
)

MANY = 130

PARTS: dict[str, st.SearchStrategy[Any]] = {
    "types": st.sampled_from([*TYPES, "step.*", "run.*"]).map(lambda one: (one,)),
    "run_id": st.sampled_from(["run_1", "run_2", "run_9"]),
    "repository": st.sampled_from(["octo/HELLO", "octo/other"]),
    "pull": st.integers(0, 4),
    "since": st.integers(0, MANY).map(moment),
    "until": st.integers(0, MANY).map(moment),
    "words": st.sampled_from([*TEXTS[:-1], "w7", "ran nobody"]).map(words_of),
    "repositories": st.sampled_from([("octo/*",), REPOSITORIES[:1], ()]),
}
filters = st.lists(st.sampled_from(sorted(PARTS)), unique=True, max_size=3).flatmap(
    lambda names: st.builds(EventFilter, **{name: PARTS[name] for name in names})
)
positions = st.none() | st.none() | st.integers(0, MANY + 5)
wish_of = st.builds(
    Wish,
    after=positions,
    before=positions,
    limit=st.integers(1, 40),
    newest_first=st.booleans(),
)


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a migrated database."""
    return database


@pytest.fixture(params=[7, 500])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the feed into many blocks, or into one."""
    monkeypatch.setattr(stretch, "LENGTH", request.param)
    monkeypatch.setattr(replay, "NEAR", 20)


def indexer_of(db: Database) -> Indexer:
    """Return an indexer that nobody told what was fed."""
    return Indexer(db, holder="test", clock=SystemClock(), bus=Bus())


ONE_BY_ONE = [
    ALL,
    *(EventFilter(types=(one,)) for one in (*TYPES, "step.*", "run.*", "moon.*")),
    *(EventFilter(run_id=one) for one in ("run_1", "run_9")),
    *(EventFilter(repository=one) for one in ("octo/HELLO", "octo/other", "no/body")),
    EventFilter(repository="octo/hello", pull=3),
    EventFilter(pull=3),
    *(EventFilter(since=moment(one)) for one in (0, 41, 100, MANY + 9)),
    *(EventFilter(until=moment(one)) for one in (0, 41, 100, MANY + 9)),
    *(EventFilter(words=words_of(one)) for one in (*TEXTS, "w7", "w7 ran", "w7 w8")),
    *(EventFilter(repositories=one) for one in ((), ("octo/*",), ("Octo/Hello",))),
    EventFilter(run_id="run_1", since=moment(50), types=("step.*", "run.created")),
]


async def check_pages(
    db: Database, found: Sequence[FeedEntry], wanted: EventFilter, wish: Wish
) -> None:
    """Compare all pages of a wish, one after the other, with what a list holds."""
    left = expected(found, wanted, wish)
    while True:
        page = await Replay(db).page(
            wanted,
            after=wish.after,
            before=wish.before,
            limit=wish.limit,
            newest_first=wish.newest_first,
        )
        shown = [one.position for one in page.entries]
        assert shown == left[: wish.limit]
        assert (page.head, page.oldest, page.partial) == (len(found), 1, False)
        left = left[wish.limit :]
        assert page.next == (shown[-1] if left else None)
        if page.next is None:
            return
        wish = wish.going_on(page.next)


async def indexed_feed(db: Database, length: int, indexed: int) -> list[FeedEntry]:
    """Lay a feed whose beginning is indexed."""
    rng = random.Random(length + indexed)  # noqa: S311 # a feed from a number
    found = entries(length, rng)
    for name in (COLLECTION, INDEX):
        await db.db[name].delete_many({})
    await lay(db, found[:indexed], rng, most=20)
    assert await indexer_of(db).index_once() == min(indexed, length) // stretch.LENGTH
    await lay(db, found[indexed:], rng, most=20)
    return found


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("newest_first", [False, True])
async def test_each_filter_finds_what_a_list_would(
    db: Database, *, newest_first: bool
) -> None:
    """In an indexed part of the feed and behind it, forth and back."""
    found = await indexed_feed(db, MANY, MANY - 25)
    for wanted in ONE_BY_ONE:
        wish = Wish(limit=60, newest_first=newest_first)
        await check_pages(db, found, wanted, wish)


@pytest.mark.usefixtures("blocks")
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    length=st.sampled_from([0, 1, MANY, MANY - 1]),
    indexed=st.sampled_from([0, MANY // 2, MANY]),
    wishes=st.lists(st.tuples(filters, wish_of), min_size=3, max_size=6),
)
async def test_pages_together_are_the_whole(
    db: Database, length: int, indexed: int, wishes: list[tuple[EventFilter, Wish]]
) -> None:
    """Whatever is wanted; `next` is there exactly when there is more."""
    found = await indexed_feed(db, length, indexed)
    for wanted, wish in wishes:
        await check_pages(db, found, wanted, wish)


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_long_search_is_cut_off_and_can_be_gone_on_with(
    db: Database, *, newest_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, and nothing is left out between its parts."""
    monkeypatch.setattr(stretch, "LENGTH", 10)
    monkeypatch.setattr(replay, "MOST_LOOKS", 30)
    rng = random.Random(1)  # noqa: S311 # as above
    found = entries(100, rng)
    await lay(db, found, rng, most=20)
    wanted = EventFilter(words=frozenset({"w50"}))
    cursor: int | None = None
    partial, seen = list[bool](), list[int]()
    while True:
        page = await Replay(db).page(
            wanted,
            after=None if newest_first else cursor,
            before=cursor if newest_first else None,
            newest_first=newest_first,
        )
        seen += [one.position for one in page.entries]
        partial.append(page.partial)
        cursor = page.next
        if cursor is None:
            break

    assert seen == [50]
    assert partial == [True, True, True, False]
