"""What the index knows of a block of the feed: prints of its words and its marks.

A print is four bytes of hash. The prints of a block are kept as one row of bytes: four
bytes an event where much is said again and again, read some hundred times as fast as
the events. An array of words with an index of its own costs the embedded server 30
microseconds a word, while everybody waits.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.events.base import JSON
from core.feed.page import FeedEntry
from core.feed.query import EventFilter
from core.feed.words import words_in
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "feed_index"
SIZE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block's times and prints.

    `reached` is the latest time in it and in every block before it: it never falls.
    """

    first: int
    last: int
    earliest: datetime
    latest: datetime
    reached: datetime
    prints: bytes

    def document(self) -> JSON:
        """Return the MongoDB document."""
        times = {name: getattr(self, name) for name in TIMES}
        bounds = {"_id": self.first, "from": self.first, "to": self.last}
        return {**bounds, **times, "prints": self.prints}


TIMES = ("earliest", "latest", "reached")


def block_in(document: Mapping[str, Any]) -> Block:
    """Read a block back from its document."""
    return Block(
        first=document["from"],
        last=document["to"],
        prints=bytes(document["prints"]),
        **{name: document[name] for name in TIMES},
    )


def block_from(entries: Sequence[FeedEntry], before: Block | None) -> Block:
    """Return what the index should know of entries; `before` is the block before."""
    times = [entry.time for entry in entries]
    latest = max(times)
    return Block(
        first=entries[0].position,
        last=entries[-1].position,
        earliest=min(times),
        latest=latest,
        reached=latest if before is None else max(latest, before.reached),
        prints=prints_in(entries),
    )


def prints_in(entries: Iterable[FeedEntry]) -> bytes:
    """Return the prints of all words and marks of entries, each once, in order."""
    terms = {term for entry in entries for term in _terms(entry)}
    return b"".join(sorted({print_of(term) for term in terms}))


def print_of(term: str) -> bytes:
    """Return a term's print; of two terms in 4 000 million one print is the same."""
    return zlib.crc32(term.encode()).to_bytes(SIZE, "big")


def has(prints: bytes, wanted: bytes) -> bool:
    """Return whether one print is among others."""
    place = prints.find(wanted)
    while place % SIZE and place != -1:
        place = prints.find(wanted, place + 1)
    return place != -1


def _terms(entry: FeedEntry) -> Iterator[str]:
    """Yield an event's words and its marks, which have a colon and so are no words."""
    yield from words_in(entry.type, entry.data)
    yield f"type:{entry.type}"
    yield f"noun:{entry.type.partition('.')[0]}"
    if entry.run_id is not None:
        yield f"run:{entry.run_id}"
    if entry.about.repository is not None:
        repository = entry.about.repository.lower()
        yield f"repo:{repository}"
        yield f"pull:{repository}#{entry.about.pull}"


class Sieve:
    """Tells which blocks can hold what a filter wants; few that it lets through do not.

    A block must have one print of each group.
    """

    def __init__(self, wanted: EventFilter) -> None:
        self._since = wanted.since
        self._until = wanted.until
        self._groups = tuple(
            tuple(print_of(term) for term in group) for group in _groups(wanted)
        )

    def lets_through(self, block: Block) -> bool:
        """Return whether the block has to be read."""
        return (
            (self._since is None or block.latest >= self._since)
            and (self._until is None or block.earliest < self._until)
            and all(
                any(has(block.prints, one) for one in group) for group in self._groups
            )
        )


def _groups(wanted: EventFilter) -> Iterator[list[str]]:
    """Yield lists of terms, of each of which a wanted event has at least one."""
    for word in wanted.words:
        yield [word]
    if wanted.types:
        yield [_mark_of_type(one) for one in wanted.types]
    if wanted.run_id is not None:
        yield [f"run:{wanted.run_id}"]
    if wanted.repository is not None:
        repository = wanted.repository.lower()
        pull = wanted.pull
        named = f"repo:{repository}" if pull is None else f"pull:{repository}#{pull}"
        yield [named]
    # Only whole names can be looked up; a pattern lets every block through.
    if not any(set("*?[") & set(one) for one in wanted.repositories):
        yield [f"repo:{one.lower()}" for one in wanted.repositories]


def _mark_of_type(wanted: str) -> str:
    noun, _, rest = wanted.partition(".")
    return f"noun:{noun}" if rest == "*" else f"type:{wanted}"


COUNT = {"bsonType": ["int", "long"], "minimum": 1}
NAMES = ("_id", "from", "to", *TIMES, "prints")
SHAPE: dict[str, Any] = {
    "bsonType": "object",
    "required": list(NAMES),
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("_id", "from", "to"), COUNT),
        **{name: {"bsonType": "date"} for name in TIMES},
        "prints": {"bsonType": "binData"},
    },
}
# `_id` is `from`, and blocks of one length begin at fixed positions: each can be made
# once, by whoever comes first, and from the same pages it is always the same.
FEED_INDEX = CollectionSpec(
    name=COLLECTION,
    validator={"$and": [{"$jsonSchema": SHAPE}, {"$expr": {"$eq": ["$_id", "$from"]}}]},
    indexes=(IndexSpec(keys=("to",), unique=True),),
)
