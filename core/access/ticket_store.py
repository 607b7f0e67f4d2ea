"""The `tickets` collection: each by the SHA-256 of its secret, gone when it expires."""

from core.access.tickets import Kind, Ticket
from core.store.database import Database, Document, translating
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "tickets"

TICKETS = CollectionSpec(
    name=COLLECTION,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["_id", "kind", "prefix", "created_at", "expires_at"],
            "additionalProperties": False,
            "properties": {
                "_id": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
                "kind": {"enum": [str(kind) for kind in Kind]},
                "prefix": {"bsonType": "string", "pattern": "^[0-9A-Za-z]{8}$"},
                "created_at": {"bsonType": "date"},
                "expires_at": {"bsonType": "date"},
            },
        }
    },
    indexes=(IndexSpec(keys=("expires_at",), expire_after_seconds=0),),
)


class TicketStore:
    """Keeps tickets; each method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._tickets = database.db[COLLECTION]

    async def add(self, ticket: Ticket) -> None:
        """Store a new ticket."""
        document: Document = {
            "_id": ticket.digest,
            "kind": str(ticket.kind),
            "prefix": ticket.prefix,
            "created_at": ticket.created_at,
            "expires_at": ticket.expires_at,
        }
        with translating():
            await self._tickets.insert_one(document)

    async def get(self, digest: str) -> Ticket | None:
        """Return a ticket, one that has expired too while it is still there."""
        with translating():
            found = await self._tickets.find_one({"_id": digest})
        return _ticket(found) if found is not None else None

    async def take(self, digest: str) -> bool:
        """Delete a ticket; of several who try, one is told True."""
        with translating():
            done = await self._tickets.delete_one({"_id": digest})
        return done.deleted_count == 1


def _ticket(document: Document) -> Ticket:
    return Ticket(
        digest=document["_id"],
        kind=Kind(document["kind"]),
        prefix=document["prefix"],
        created_at=document["created_at"],
        expires_at=document["expires_at"],
    )
