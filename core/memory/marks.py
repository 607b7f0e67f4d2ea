"""What a session's markers name: items that were redacted or erased on purpose.

An item that a redaction's marker names is at a later revision, or has no content. Its
old bytes, put back, would still be authentic by themselves; the markers tell that they
are old. The head says how many redactions there were, so none can be left out.
"""

from collections import Counter
from collections.abc import Sequence

from cachetools import LRUCache

from core.memory import chain
from core.memory.documents import facts_from
from core.memory.model import Facts, Item
from core.memory.opened import Opened
from core.memory.store import MemoryStore
from core.store.database import Document

REMEMBERED = 1000


class Marks:
    """Reads markers when it must; raises StoreUnavailableError, SealBrokenError."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._known: LRUCache[str, tuple[Facts, ...]] = LRUCache(REMEMBERED)

    async def all(self, opened: Opened) -> tuple[Facts, ...]:
        """Return a session's markers in order, after checking that all are there."""
        known = {one.seq for one in self._known.get(opened.session.id, ())}
        # Also those behind the session as it was opened: what they name may be gone.
        found = await self._store.markers(opened.session.id)
        missing = set(range(1, opened.epoch + 1)) - {one["epoch"] for one in found}
        if missing:
            raise opened.broken(opened.seq, f"marker {min(missing)} is missing")
        for one in found:
            if one["seq"] not in known:
                await self._prove(opened, one)
        markers = tuple(map(facts_from, found))
        self._known[opened.session.id] = markers
        return markers

    async def read(self, opened: Opened, found: Sequence[Document]) -> tuple[Item, ...]:
        """Return items with their contents, but for what is being redacted.

        Raises SealBrokenError as `old` and `Opened.open` do.
        """
        old = await self.old(opened, found)
        return tuple(
            Item(facts=facts_from(one), content=None)
            if one["seq"] in old
            else opened.open(one)
            for one in found
        )

    async def old(self, opened: Opened, found: Sequence[Document]) -> frozenset[int]:
        """Return which items must not be shown, for a redaction is at work on them.

        Raises SealBrokenError when none is, and when a content is gone that no marker
        names.
        """
        if not opened.epoch and not any("erased" in one for one in found):
            return frozenset()
        markers = self._known.get(opened.session.id, ())
        named = _named(markers)
        epoch = max((one.epoch for one in markers), default=0)
        if epoch < opened.epoch or any(map(named.is_unexplained, found)):
            named = _named(await self.all(opened))
        for one in found:
            if named.is_unexplained(one):
                raise opened.broken(one["seq"], "its content is gone without a word")
        old = frozenset(one["seq"] for one in found if named.is_old(one))
        if old and not await self._store.is_redacting(opened.session.id):
            # It may have been done since they were read.
            for seq in old:
                (again,) = await self._store.items(opened.session.id, seq, seq)
                if named.is_old(again):
                    reason = "it was redacted, and is as it was before"
                    raise opened.broken(seq, reason)
        return old

    async def _prove(self, opened: Opened, marker: Document) -> None:
        """Check a marker's link; what stands in it is authentic then."""
        seq, before = marker["seq"], chain.GENESIS
        if seq > 1:
            found = await self._store.items(opened.session.id, seq - 1, seq - 1)
            if not found:
                raise opened.broken(seq - 1, "it is missing")
            before = bytes(found[0]["link"])
        opened.follow(before, marker)


class _Named(Counter[int]):
    """How many markers name each item."""

    def is_old(self, found: Document) -> bool:
        """Return whether an item holds what a marker says is gone."""
        return "erased" not in found and found["revision"] <= self[found["seq"]]

    def is_unexplained(self, found: Document) -> bool:
        """Return whether a content is gone that nobody took out."""
        return "erased" in found and not self[found["seq"]]


def _named(markers: Sequence[Facts]) -> _Named:
    return _Named(seq for one in markers for seq in one.redacts)
