"""The one order that everybody reads: pages of entries, each with its position."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.events.base import JSON, Payload
from core.events.schema import read
from core.events.writers import WRITERS
from core.feed.subject import NOBODY, About
from core.store.roles import ROLES
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "feed"
ROLE = "feeder"
# Readers look this far past a position to find the page that holds it, so it may be
# lowered only when no page in any database is longer.
MOST_ENTRIES = 200
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One event at its position, counted from 1; `id` is `stream:seq.index`."""

    position: int
    id: str
    type: str
    time: datetime
    stream: str
    data: JSON
    about: About = NOBODY

    @property
    def seq(self) -> int:
        """Return the sequence of the commit that it stands in."""
        return int(self.id[len(self.stream) + 1 :].partition(".")[0])

    @property
    def run_id(self) -> str | None:
        """Return the run whose story it belongs to, None outside of runs."""
        noun, _, name = self.stream.partition("/")
        return name if noun == "run" else None

    def payload(self) -> Payload:
        """Return the typed event; raises pydantic's ValidationError."""
        return read({"type": self.type, "data": self.data})

    def document(self) -> JSON:
        """Return the entry as a page keeps it."""
        return {
            **{name: getattr(self, name) for name in ENTRY_FIELDS},
            "repository": self.about.repository,
            "pull": self.about.pull,
        }


ENTRY_FIELDS = ("position", "id", "type", "time", "stream", "data")


@dataclass(frozen=True, slots=True)
class Part:
    """A commit too long for its page: so many of its events are in the feed."""

    writer: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far the feed goes: its last position, and each writer's last fed number.

    `part` is the commit after its writer's cursor that the next page goes on with.
    """

    position: int = 0
    cursors: Mapping[str, int] = field(default_factory=dict)
    part: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Entries without a gap, and the head that the feed has once they are in."""

    entries: tuple[FeedEntry, ...]
    head: Head

    def document(self) -> JSON:
        """Return the MongoDB document."""
        first, head = self.entries[0].position, self.head
        fields: JSON = {
            "_id": first,
            "from": first,
            "to": head.position,
            "cursors": dict(head.cursors),
            "entries": [entry.document() for entry in self.entries],
        }
        if head.part is not None:
            fields["part"] = {"writer": head.part.writer, "events": head.part.events}
        return fields


def head_of(document: Mapping[str, Any]) -> Head:
    """Return the head that a page's document records."""
    part = document.get("part")
    return Head(
        position=document["to"],
        cursors=document["cursors"],
        part=Part(part["writer"], part["events"]) if part else None,
    )


def entries_of(document: Mapping[str, Any]) -> tuple[FeedEntry, ...]:
    """Return the entries of a page's document."""
    return tuple(
        FeedEntry(
            **{name: entry[name] for name in ENTRY_FIELDS},
            about=About(entry.get("repository"), entry.get("pull")),
        )
        for entry in document["entries"]
    )


def names_subjects(document: Mapping[str, Any]) -> bool:
    """Return whether a page says whom its events are about; the first ones did not."""
    return "repository" in document["entries"][0]


def _ends_match() -> dict[str, Any]:
    """Demand that the first and last entry and their number are those of the page.

    Looking at each entry in between would double the time that a page takes.
    """
    first = {"$arrayElemAt": ["$entries", 0]}
    last = {"$arrayElemAt": ["$entries", -1]}
    length = {"$add": [{"$subtract": ["$to", "$from"]}, 1]}
    matches = {
        "$let": {
            "vars": {"first": first, "last": last},
            "in": {
                "$and": [
                    {"$eq": ["$_id", "$from"]},
                    {"$eq": ["$$first.position", "$from"]},
                    {"$eq": ["$$last.position", "$to"]},
                    {"$eq": [{"$size": "$entries"}, length]},
                ]
            },
        }
    }
    return {"$cond": [{"$isArray": ["$entries"]}, matches, False]}


COUNT = {"bsonType": ["int", "long"], "minimum": 1}
# Only one process writes pages, from what the journal's own validator let through: to
# look at each field of each entry again would double the time that a page takes.
ENTRY: dict[str, Any] = {"bsonType": "object", "required": list(ENTRY_FIELDS)}
SHAPE: dict[str, Any] = {
    "bsonType": "object",
    "required": ["_id", "from", "to", "cursors", "entries"],
    "additionalProperties": False,
    "properties": {
        "_id": COUNT,
        "from": COUNT,
        "to": COUNT,
        "cursors": {"bsonType": "object"},
        "part": {
            "bsonType": "object",
            "required": ["writer", "events"],
            "additionalProperties": False,
            "properties": {"writer": {"bsonType": "string"}, "events": COUNT},
        },
        "entries": {
            "bsonType": "array",
            "minItems": 1,
            "maxItems": MOST_ENTRIES,
            "items": ENTRY,
        },
    },
}
# `_id` is `from`: of two feeders that go on from one page, one can insert the next.
FEED = CollectionSpec(
    name=COLLECTION,
    validator={"$and": [{"$jsonSchema": SHAPE}, {"$expr": _ends_match()}]},
    indexes=(IndexSpec(keys=("to",), unique=True),),
)
FEED_COLLECTIONS: tuple[CollectionSpec, ...] = (FEED, WRITERS, ROLES)
