"""Feeds made of nothing but pages, and what a reader of them should find."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.feed.page import COLLECTION, FeedEntry, Head, Page
from core.feed.query import EventFilter
from core.feed.subject import NOBODY, About
from core.store.database import Database
from tests.fakes.clock import NOON

TYPES = ("run.created", "step.finished", "step.started", "finding.proposed", "x.y")
TEXTS = ("Ran out of memory", "füße RAN", "нет памяти", "内存不足", "needle", "")
REPOSITORIES = ("octo/hello", "Octo/other", "cat/hello")


def entries(count: int, rng: random.Random, *, start: int = 1) -> list[FeedEntry]:
    """Return events about a few runs of a few repositories, nearly in time."""
    return [_entry(position, rng) for position in range(start, start + count)]


def _entry(position: int, rng: random.Random) -> FeedEntry:
    number = rng.randrange(5)
    stream = rng.choice([f"run/run_{number}", f"pull/octo/hello#{number}", "writer/w"])
    about = About(rng.choice(REPOSITORIES), number)
    late = timedelta(seconds=position + rng.randrange(-3, 4))
    return FeedEntry(
        position=position,
        id=f"{stream}:{position}.0",
        type=rng.choice(TYPES),
        time=NOON + late,
        stream=stream,
        data={"text": rng.choice(TEXTS), "parts": [{"n": position}, f"w{position}"]},
        about=NOBODY if stream == "writer/w" else about,
    )


async def lay(
    database: Database, found: Sequence[FeedEntry], rng: random.Random, *, most: int
) -> None:
    """Insert entries as pages of random lengths."""
    documents, place = [], 0
    while place < len(found):
        length = rng.randint(1, most)
        page = tuple(found[place : place + length])
        head = Head(position=page[-1].position)
        documents.append(Page(entries=page, head=head).document())
        place += length
    if documents:
        await database.db[COLLECTION].insert_many(documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where to begin, how many, and in which direction."""

    after: int | None = None
    before: int | None = None
    limit: int = 100
    newest_first: bool = False

    def going_on(self, position: int) -> "Wish":
        """Return the wish for the next page."""
        if self.newest_first:
            return replace(self, before=position)
        return replace(self, after=position)


def expected(found: Sequence[FeedEntry], wanted: EventFilter, wish: Wish) -> list[int]:
    """Return the positions of all that is wanted, as a list would be searched."""
    between = [
        one.position
        for one in found
        if one.position > (wish.after or 0)
        and (wish.before is None or one.position < wish.before)
        and wanted.matches(one)
    ]
    return between[::-1] if wish.newest_first else between


def moment(seconds: int) -> datetime:
    """Return the time about which the event of this position was decided."""
    return NOON + timedelta(seconds=seconds)
