"""Pages of wanted events, from any position and in both directions."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.events import replay
from core.events.feed import COLLECTION, FEED_COLLECTIONS
from core.events.query import ALL, EventFilter
from core.events.replay import Replay
from core.events.words import words_of
from core.store.database import Database
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.fakes.feeds import REPOSITORIES, TEXTS, TYPES, entries, expected, lay, moment

SCHEMA = Schema(version=1, collections=FEED_COLLECTIONS)
MANY = 130

filters = st.builds(
    EventFilter,
    types=st.lists(st.sampled_from([*TYPES, "step.*", "run.*"]), max_size=2).map(tuple),
    run_id=st.none() | st.sampled_from(["run_1", "run_2"]),
    repository=st.none() | st.sampled_from(["octo/HELLO", "octo/other"]),
    pull=st.none() | st.integers(0, 4),
    since=st.none() | st.integers(0, MANY).map(moment),
    until=st.none() | st.integers(0, MANY).map(moment),
    words=st.sampled_from(["", *TEXTS, "w7", "ran nobody"]).map(words_of),
    repositories=st.sampled_from([("*",), ("octo/*",), REPOSITORIES[:1], ()]),
)


@pytest.fixture
async def db(database: Database) -> Database:
    """Give a migrated database."""
    await migrate(database, SCHEMA)
    return database


@pytest.fixture(params=[7, 500])
def reach(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a few entries at a time, or all of them."""
    monkeypatch.setattr(replay, "REACH", request.param)


@pytest.mark.usefixtures("reach")
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 99),
    length=st.integers(0, MANY),
    wanted=st.just(ALL) | filters,
    after=st.none() | st.integers(0, MANY + 5),
    before=st.none() | st.integers(0, MANY + 5),
    limit=st.integers(1, 40),
    newest_first=st.booleans(),
)
async def test_pages_together_are_the_whole(  # noqa: PLR0913 # one a part of the wish
    db: Database,
    *,
    seed: int,
    length: int,
    wanted: EventFilter,
    after: int | None,
    before: int | None,
    limit: int,
    newest_first: bool,
) -> None:
    """Whatever is wanted, forth and back; `next` is there exactly when more is."""
    rng = random.Random(seed)  # noqa: S311 # a feed from a number
    found = entries(length, rng)
    await db.db[COLLECTION].delete_many({})
    await lay(db, found, rng, most=20)
    bounds = {"after": after, "before": before}
    left = expected(found, wanted, newest_first=newest_first, **bounds)
    while True:
        page = await Replay(db).page(
            wanted, limit=limit, newest_first=newest_first, **bounds
        )
        shown = [one.position for one in page.entries]
        assert shown == left[:limit]
        assert (page.head, page.oldest, page.partial) == (length, 1, False)
        left = left[limit:]
        assert page.next == (shown[-1] if left else None)
        if page.next is None:
            return
        bounds["before" if newest_first else "after"] = page.next


@pytest.mark.parametrize("newest_first", [False, True])
async def test_a_long_search_is_cut_off_and_can_be_gone_on_with(
    db: Database, *, newest_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, and nothing is left out between its parts."""
    monkeypatch.setattr(replay, "REACH", 10)
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
