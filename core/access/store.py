"""The `tokens` collection: tokens by their prefix, secrets as their SHA-256 alone."""

from datetime import UTC, datetime

from core.access.tokens import Scope, Token
from core.store.database import Database, Document, DuplicateKeyError, translating
from core.store.schema import CollectionSpec, IndexSpec

COLLECTION = "tokens"
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
OPTIONAL = ("expires_at", "revoked_at")

TOKENS = CollectionSpec(
    name=COLLECTION,
    validator={
        "$jsonSchema": {
            "bsonType": "object",
            "required": [
                *("_id", "token_id", "digest", "name", "scopes", "repositories"),
                "created_at",
            ],
            "additionalProperties": False,
            "properties": {
                "_id": {"bsonType": "string", "pattern": "^[0-9A-Za-z]{8}$"},
                "token_id": {"bsonType": "string", "pattern": "^tok_[0-9a-z]{26}$"},
                "digest": {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
                "name": {"bsonType": "string", "maxLength": 100},
                "scopes": {
                    "bsonType": "array",
                    "minItems": 1,
                    "uniqueItems": True,
                    "items": {"enum": [str(scope) for scope in Scope]},
                },
                "repositories": {
                    "bsonType": "array",
                    "minItems": 1,
                    "items": {"bsonType": "string", "minLength": 1},
                },
                "created_at": {"bsonType": "date"},
                "expires_at": {"bsonType": "date"},
                "revoked_at": {"bsonType": "date"},
            },
        }
    },
    indexes=(IndexSpec(keys=("created_at",)),),
)


class TokenStore:
    """Keeps tokens; each method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._tokens = database.db[COLLECTION]

    async def add(self, token: Token) -> bool:
        """Store a new token; False when its prefix is another's."""
        with translating():
            try:
                await self._tokens.insert_one(_document(token))
            except DuplicateKeyError:
                return False
        return True

    async def get(self, prefix: str) -> Token | None:
        """Return the token of that prefix."""
        with translating():
            found = await self._tokens.find_one({"_id": prefix})
        return _token(found) if found is not None else None

    async def all(self) -> tuple[Token, ...]:
        """Return every token, oldest first."""
        ever = {"created_at": {"$gte": BEFORE_ALL}}
        with translating():
            found = await self._tokens.find(ever).to_list(None)
        tokens = [_token(one) for one in found]
        return tuple(sorted(tokens, key=lambda one: (one.created_at, one.id)))

    async def revoke(self, prefix: str, now: datetime) -> None:
        """Mark a token as revoked; one that is marked already keeps its time."""
        standing = {"_id": prefix, "revoked_at": {"$exists": False}}
        with translating():
            await self._tokens.update_one(standing, {"$set": {"revoked_at": now}})


def _document(token: Token) -> Document:
    fields: Document = {
        "_id": token.prefix,
        "token_id": token.id,
        "digest": token.digest,
        "name": token.name,
        "scopes": [str(scope) for scope in token.scopes],
        "repositories": list(token.repositories),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }
    gone = {name for name in OPTIONAL if fields[name] is None}
    return {name: value for name, value in fields.items() if name not in gone}


def _token(document: Document) -> Token:
    return Token(
        id=document["token_id"],
        prefix=document["_id"],
        digest=document["digest"],
        name=document["name"],
        scopes=tuple(Scope(one) for one in document["scopes"]),
        repositories=tuple(document["repositories"]),
        created_at=document["created_at"],
        expires_at=document.get("expires_at"),
        revoked_at=document.get("revoked_at"),
    )
