"""The `findings` collection: the ledgers of all pull requests, as lists want them."""

from collections.abc import Iterable
from typing import Any

from core.review.findings import Severity, Side
from core.review.ledger.model import Entry, Ledger, finding_id, short_name
from core.review.ledger.states import GONE, OPEN, SETTLED
from core.store.database import Database, Document, DuplicateKeyError, translating
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "findings"
COUNT = {"bsonType": ["int", "long"], "minimum": 0}
LINE = {"bsonType": ["int", "long"], "minimum": 1}
TEXT = {"bsonType": "string"}
TIME = {"bsonType": "date"}
# Somebody answers for each of these.
BY_PEOPLE = ("disputed", *SETTLED)

SHAPE: Document = {
    "bsonType": "object",
    "required": [
        *("_id", "repository", "pull", "fingerprint", "name", "state", "open", "seq"),
        *("severity", "rule", "source", "path", "side", "line", "title", "confidence"),
        *("life", "run_id", "head_sha", "opened_at", "moved_at"),
        *("replies", "up", "down", "resolved", "by_model"),
    ],
    "additionalProperties": False,
    "properties": {
        "_id": {"bsonType": "string", "pattern": "^finding_[0-9a-hjkmnp-tv-z]{26}$"},
        "repository": TEXT,
        "pull": LINE,
        "fingerprint": {"bsonType": "string", "pattern": "^[0-9a-f]{32}$"},
        "name": {"bsonType": "string", "pattern": "^[0-9a-f]{8,32}$"},
        "state": {"enum": [*OPEN, *SETTLED, *GONE]},
        "open": {"bsonType": "bool"},
        "seq": LINE,
        "severity": {"enum": [str(one) for one in Severity]},
        "rule": TEXT,
        "source": TEXT,
        "by_model": {"bsonType": "bool"},
        "confidence": {"bsonType": ["double", "int"], "minimum": 0, "maximum": 1},
        "path": TEXT,
        "side": {"enum": [str(one) for one in Side]},
        "start_line": LINE,
        "line": LINE,
        "title": TEXT,
        "life": LINE,
        "run_id": TEXT,
        "head_sha": TEXT,
        "comment_id": LINE,
        "actor": TEXT,
        "reason": TEXT,
        "note": TEXT,
        "replies": COUNT,
        "up": COUNT,
        "down": COUNT,
        "resolved": {"bsonType": "bool"},
        "opened_at": TIME,
        "moved_at": TIME,
    },
    "oneOf": [
        {"properties": {"state": {"enum": ["posted", "summarised"]}}},
        {
            "properties": {"state": {"enum": [*BY_PEOPLE]}},
            "required": ["actor"],
        },
        {"properties": {"state": {"enum": [*GONE]}}},
    ],
    "anyOf": [
        {"properties": {"state": {"enum": [*OPEN]}, "open": {"enum": [True]}}},
        {
            "properties": {
                "state": {"enum": [*SETTLED, *GONE]},
                "open": {"enum": [False]},
            }
        },
    ],
}
SPEC = CollectionSpec(
    name=COLLECTION,
    validator={"$jsonSchema": SHAPE},
    indexes=(IndexSpec(keys=("repository", "pull")),),
)


def document_of(ledger: Ledger, entry: Entry) -> Document:
    """Return a finding as the collection keeps it."""
    finding = entry.finding
    fields: Document = {
        "_id": finding_id(ledger.repository, ledger.pull, entry.fingerprint),
        "repository": ledger.repository,
        "pull": ledger.pull,
        "fingerprint": entry.fingerprint,
        "name": short_name(entry.fingerprint, ledger.entries),
        "state": entry.state,
        "open": entry.is_open,
        "seq": entry.seq,
        "severity": str(finding.severity),
        "rule": finding.rule,
        "source": finding.source,
        "by_model": entry.by_model,
        "confidence": finding.confidence,
        "path": finding.path,
        "side": str(finding.side),
        "start_line": finding.start_line,
        "line": finding.line,
        "title": finding.title,
        "life": entry.life,
        "run_id": entry.run_id,
        "head_sha": entry.head_sha,
        "comment_id": entry.comment_id,
        "actor": entry.actor,
        "reason": entry.reason,
        "note": entry.note,
        "replies": len(entry.replies),
        "up": entry.up,
        "down": entry.down,
        "resolved": bool(entry.resolved),
        "opened_at": entry.opened_at,
        "moved_at": entry.moved_at,
    }
    return {name: value for name, value in fields.items() if value is not None}


def documents_of(ledger: Ledger) -> dict[str, Document]:
    """Return all findings of a ledger as the collection keeps them, by their ids."""
    made = (document_of(ledger, one) for one in ledger.entries.values())
    return {str(one["_id"]): one for one in made}


class FindingStore:
    """Reads and writes the collection; every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._findings = database.db[COLLECTION]

    async def get(self, finding: str) -> Document | None:
        """Return one finding's document."""
        with translating():
            found: Document | None = await self._findings.find_one({"_id": finding})
        return found

    async def of_pull(self, repository: str, pull: int) -> list[Document]:
        """Return a pull request's findings, oldest first."""
        key = {"repository": repository, "pull": pull}
        with translating():
            found = await self._findings.find(key).to_list(None)
        return sorted(found, key=lambda one: (one["opened_at"], one["_id"]))

    async def all(self) -> list[Document]:
        """Return everything, for who compares it with the journal."""
        with translating():
            return await self._findings.find({}).to_list(None)

    async def save(self, ledger: Ledger) -> int:
        """Bring the documents of a ledger up to it; returns how many were behind.

        What a later state of the ledger wrote stays.
        """
        kept = await self.of_pull(ledger.repository, ledger.pull)
        known = {str(one["_id"]): one for one in kept}
        behind = 0
        for name, wanted in documents_of(ledger).items():
            there = known.get(name)
            if there is None or (there["seq"] <= wanted["seq"] and there != wanted):
                await self._put(wanted)
                behind += 1
        return behind

    async def replace(self, wanted: Iterable[Document]) -> None:
        """Write documents as they are, whatever is there: a rebuild knows better."""
        for one in wanted:
            with translating():
                await self._findings.replace_one({"_id": one["_id"]}, one, upsert=True)

    async def delete(self, finding: str) -> None:
        """Remove a document that the journal does not know."""
        with translating():
            await self._findings.delete_one({"_id": finding})

    async def _put(self, wanted: Document) -> None:
        older: dict[str, Any] = {
            "_id": wanted["_id"],
            "seq": {"$lte": wanted["seq"]},
        }
        with translating():
            done = await self._findings.replace_one(older, wanted)
            if done.matched_count:
                return
            try:
                await self._findings.insert_one(dict(wanted))
            except DuplicateKeyError:
                return  # a later state of it is there
