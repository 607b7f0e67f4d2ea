"""Reads parts of a session: a page, some kinds of items, or how many there are."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass

from core.errors import ItemMalformedError
from core.memory.documents import item_id, shown
from core.memory.model import Item, Kind
from core.memory.opened import Opened
from core.memory.service import Memory
from core.store.database import Document

LONGEST_PAGE = 500
# What of a stored item belongs to its content, and changes when that is redacted.
CONTENT = ("sealed", "revision", "patch", "erased")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Items in order; `after` is where the next page begins, None at the end.

    `epoch` is the session's when the page was read.
    """

    items: tuple[Item, ...]
    after: int | None
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Items of some kinds in order, and the session as it was when they were read."""

    items: tuple[Item, ...]
    opened: Opened

    @property
    def epoch(self) -> int:
        """Return the redactions so far, for whoever derives something from it."""
        return self.opened.epoch


async def page(
    memory: Memory, session_id: str, *, after: int = 0, limit: int = 100
) -> Page:
    """Return the items behind a place, at most `limit` places of them.

    Raises ItemMalformedError for a limit that is none, and what `Memory.read` raises.
    """
    if not 0 < limit <= LONGEST_PAGE or after < 0:
        raise ItemMalformedError(reason=f"a page has 1 to {LONGEST_PAGE} items")
    opened = await memory.opened(session_id)
    last = min(after + limit, opened.seq)
    found = await memory.read(session_id, after + 1, last) if last > after else ()
    more = last < opened.seq
    return Page(items=found, after=last if more else None, epoch=opened.epoch)


async def every(memory: Memory, session_id: str) -> AsyncIterator[Item]:
    """Yield all items, read a page at a time; raises what `page` raises."""
    at: int | None = 0
    while at is not None:
        read = await page(memory, session_id, after=at, limit=LONGEST_PAGE)
        for item in read.items:
            yield item
        at = read.after


async def of_kinds(
    memory: Memory,
    session_id: str,
    kinds: Collection[Kind],
    *,
    newest: int | None = None,
) -> Chosen:
    """Return the items of some kinds that have a content, or the newest of them.

    The chain of all items is checked, but only those that are wanted are opened. Raises
    what `Memory.read` raises.
    """
    opened = await memory.opened(session_id)
    now = memory.now()
    wanted = [
        one
        for one in await memory.stored(opened, 1, None, bare=True)
        if one["kind"] in kinds
        and "erased" not in one
        and shown(opened.session, one, now)
    ]
    if newest is not None:
        wanted = wanted[len(wanted) - min(newest, len(wanted)) :]
    whole = await memory.store.chosen([str(one["_id"]) for one in wanted])
    items = await memory.marks.read(
        opened, [_whole(opened, one, whole) for one in wanted]
    )
    kept = tuple(one for one in items if one.content is not None)
    return Chosen(items=kept, opened=opened)


async def count(memory: Memory, session_id: str) -> Mapping[str, int]:
    """Return how many items of each kind there are; raises SessionNotFoundError."""
    session = await memory.session(session_id)
    counts = Counter(dict(session.counts))
    for one in await memory.store.tail(session_id, session.head.seq):
        counts[one["kind"]] += 1
    return {kind: number for kind, number in counts.items() if number}


def _whole(opened: Opened, bare: Document, whole: Mapping[str, Document]) -> Document:
    """Return an item whose place was checked, with the content that it has by now."""
    seq = int(bare["seq"])
    found = whole.get(item_id(opened.session.id, seq))
    if found is None:
        raise opened.broken(seq, "it is missing")
    checked = {name: value for name, value in bare.items() if name not in CONTENT}
    now = {name: found[name] for name in CONTENT if name in found}
    blobs = {"blobs": found["blobs"]} if "blobs" in found else {}
    return {**checked, **now, **blobs}
