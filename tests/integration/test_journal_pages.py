"""A stream that is too long to hold is read page by page."""

import pytest

from core.clock import Ids, SystemClock
from core.errors import BlobNotFoundError
from core.events.commit import Commit
from core.events.journal import PAGE, Journal
from core.events.schema import EffectPerformed, FindingProposed
from core.store.database import Database
from tests.fakes.histories import append
from tests.integration.test_journal import draft

CLOCK = SystemClock()
LARGE = {"posted": {f"fp{number}": number for number in range(20_000)}}


@pytest.fixture
async def journal(database: Database) -> Journal:
    """Give a journal in a migrated database."""
    return Journal(database, clock=CLOCK, ids=Ids(CLOCK))


async def paged(
    journal: Journal, *, first: int = 1, size: int = PAGE
) -> list[tuple[Commit, ...]]:
    """Return the pages of `x/1`."""
    return [page async for page in journal.pages("x/1", first=first, size=size)]


@pytest.mark.parametrize("length", [0, 1, 5, 6, 7, 12, 13])
async def test_pages_hold_what_the_stream_holds(journal: Journal, length: int) -> None:
    """Each commit once and in order, in full pages save the last; none is empty."""
    for seq in range(1, length + 1):
        await append(journal, CLOCK, "x/1", seq)
        await append(journal, CLOCK, "x/11", seq)
    whole = await journal.read("x/1")
    pages = await paged(journal, size=6)
    assert tuple(one for page in pages for one in page) == whole
    assert [len(page) for page in pages[:-1]] == [6] * (len(pages) - 1)
    assert all(pages)
    assert [one.seq for page in await paged(journal) for one in page] == [
        one.seq for one in whole
    ]


@pytest.mark.parametrize(("first", "size"), [(1, 1), (3, 2), (7, 500), (8, 1), (9, 3)])
async def test_pages_begin_where_they_are_told_to(
    journal: Journal, first: int, size: int
) -> None:
    """What is before is not read; past the end there is nothing."""
    for seq in range(1, 9):
        await append(journal, CLOCK, "x/1", seq)
    pages = await paged(journal, first=first, size=size)
    assert [one.seq for page in pages for one in page] == [*range(first, 9)]


async def test_what_is_appended_meanwhile_is_read_as_well(journal: Journal) -> None:
    """The end is where a page is not full, and not before."""
    await append(journal, CLOCK, "x/1", 1)
    seen = []
    async for page in journal.pages("x/1", size=1):
        seen += [one.seq for one in page]
        if len(seen) < 4:
            await append(journal, CLOCK, "x/1", len(seen) + 1)
    assert seen == [1, 2, 3, 4]


async def test_large_events_are_whole(journal: Journal, database: Database) -> None:
    """As `read` gives them; one whose blob is gone is refused, or told as torn."""
    performed = EffectPerformed(
        subject="review",
        transition="perform",
        from_="intended",
        to="performed",
        result=LARGE,
    )
    small = FindingProposed(
        subject="f", transition="propose", from_=None, to="proposed", finding={"a": 1}
    )
    await journal.append(draft(small, performed, stream="x/1"))
    ((commit,),) = await paged(journal)
    assert (commit,) == await journal.read("x/1")
    assert commit.events == (small, performed)
    await database.db["blobs"].delete_many({})
    with pytest.raises(BlobNotFoundError):
        await paged(journal)
    said: list[tuple[str, str]] = []
    torn = [
        one
        async for page in journal.pages(
            "x/1", torn=lambda name, error: said.append((name, type(error).__name__))
        )
        for one in page
    ]
    assert said == [("x/1:1.1", "BlobNotFoundError")]
    assert torn[0].events == (small, performed.model_copy(update={"result": {}}))
