"""The one place that names MongoDB's driver: connecting, and what errors mean."""

import inspect
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pymongo import AsyncMongoClient, UpdateMany, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from core.errors import ChangesMissingError, StoreUnavailableError
from core.store.address import database_in
from core.store.monitoring import CommandTimes, found_no_server

__all__ = [
    "BulkWriteError",
    "Collection",
    "Database",
    "Document",
    "DuplicateKeyError",
    "PyMongoError",
    "UpdateMany",
    "UpdateOne",
    "WriteRefusal",
    "connect",
    "is_validation_failure",
    "refusals",
    "translating",
]

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]

DUPLICATE_KEY = 11000
FAILED_VALIDATION = 121
# Shutting down, stepping down, interrupted: another try finds a server again.
# Source: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
SERVER_IS_LEAVING = frozenset({91, 189, 10107, 11600, 11602, 13435, 13436})
# It answers, and can do nothing more: an internal error, a full disk. After a disk was
# full, the embedded server says so until it is started again, and has lost nothing.
SERVER_IS_BROKEN = frozenset({1, 14031})
WAY_OUT = "look for a full disk, free some of it, and start the database's server again"

# Not a replica set; a stage that is unknown there.
NO_CHANGE_STREAMS = frozenset({40573, 40324})

SELECTION_TIMEOUT = 5.0
ANSWER_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Database:
    """A connected database: writes wait for a majority's journal, times are UTC.

    `db` is used with the calls that motor and PyMongo's own async client share; what
    they do not share has a method here.
    """

    client: AsyncIOMotorClient[Document]
    db: AsyncIOMotorDatabase[Document]

    @property
    def address(self) -> str:
        """Return `host:port` of the one server in use, nothing before it is found."""
        # Motor's types call it a method.
        found = cast("tuple[str, int] | None", self.client.address)
        return ":".join(map(str, found or ()))

    async def ping(self) -> None:
        """Return when the server answers; raises StoreUnavailableError."""
        with translating():
            await self.client.admin.command("ping")

    async def time(self) -> datetime:
        """Return the server's own time in UTC; raises StoreUnavailableError."""
        with translating():
            told = await self.client.admin.command("hello")
        # A command's answer is read without the client's own zone.
        return cast("datetime", told["localTime"]).replace(tzinfo=UTC)

    @asynccontextmanager
    async def changes(
        self, collection: str, match: Document
    ) -> AsyncIterator[AsyncIterator[Document]]:
        """Yield the ids of changes of a collection that match, as they come.

        Raises ChangesMissingError, and StoreUnavailableError when the stream breaks.
        """
        pipeline: list[Document] = [{"$match": match}, {"$project": {"documentKey": 1}}]
        try:
            with translating():
                made: Any = self.db[collection].watch(pipeline)
                # PyMongo's own client opens the stream at once, motor when entered.
                opened = await made if inspect.isawaitable(made) else made
                async with opened as stream:
                    yield stream
        except OperationFailure as error:
            if error.code not in NO_CHANGE_STREAMS:
                raise StoreUnavailableError(reason=_first_words(error)) from error
            raise ChangesMissingError(reason=_first_words(error)) from error

    async def close(self) -> None:
        """Close every connection; the database cannot be used afterwards."""
        client = cast("object", self.client)
        if isinstance(client, AsyncMongoClient):
            await client.close()
        else:
            self.client.close()


def connect(
    url: str,
    *,
    name: str | None = None,
    embedded: bool = False,
    selection_timeout: float = SELECTION_TIMEOUT,
    answer_timeout: float = ANSWER_TIMEOUT,
    driver: Literal["motor", "pymongo"] = "motor",
) -> Database:
    """Return the database at `url`; call it inside a running event loop.

    Nothing is sent yet: `ping` tells whether the server is there. `name` goes before
    the database that the URL names, and `nofx` is used when neither is given. Times
    are in seconds: to find a server, and to wait for one answer. `driver` is for the
    contract suite. Raises DatabaseUrlError.
    """
    named = database_in(url)
    options: dict[str, Any] = {
        "appname": "nofx",
        "tz_aware": True,
        "tzinfo": UTC,
        "uuidRepresentation": "standard",
        "w": "majority",
        "journal": True,
        "readConcernLevel": "majority",
        "serverSelectionTimeoutMS": int(selection_timeout * 1000),
        "connectTimeoutMS": int(selection_timeout * 1000),
        "socketTimeoutMS": int(answer_timeout * 1000),
        "event_listeners": [CommandTimes()],
    }
    if embedded:  # retryable writes slow it down tenfold after 10 000
        options["retryWrites"] = False
    if driver == "pymongo":
        made = AsyncMongoClient[Document](url, **options)
        client = cast("AsyncIOMotorClient[Document]", made)
    else:
        client = AsyncIOMotorClient(url, **options)
    return Database(client, client.get_database(name or named))


@contextmanager
def translating() -> Iterator[None]:
    """Turn a server that is away into StoreUnavailableError; the rest passes through.

    After it, whether a write took place is unknown. It is a plain `with`, around
    awaited calls.
    """
    try:
        yield
    except (ConnectionFailure, ExecutionTimeout) as error:
        if isinstance(error, ServerSelectionTimeoutError):
            found_no_server()
        raise StoreUnavailableError(reason=_first_words(error)) from error
    except OperationFailure as error:
        if error.code in SERVER_IS_LEAVING:
            raise StoreUnavailableError(reason=_first_words(error)) from error
        if error.code in SERVER_IS_BROKEN:
            reason = f"{_server_words(error)}: {WAY_OUT}"
            raise StoreUnavailableError(reason=reason) from error
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRefusal:
    """One write that the server refused.

    `position` counts in the list that was sent. `fields` are those of the unique index
    that was hit, empty when `code` is not 11000.
    """

    position: int
    code: int
    fields: tuple[str, ...]
    reason: str

    @property
    def duplicate(self) -> bool:
        """Return whether a unique index refused it."""
        return self.code == DUPLICATE_KEY

    @property
    def invalid(self) -> bool:
        """Return whether the collection's validator refused it."""
        return self.code == FAILED_VALIDATION


def refusals(error: PyMongoError) -> tuple[WriteRefusal, ...]:
    """Return which writes the server refused, in the order in which they were sent.

    In an ordered batch there is one, and what follows it was not tried. Empty when the
    error is of another kind.
    """
    if not isinstance(error, OperationFailure):
        return ()
    details = error.details or {}
    found = details.get("writeErrors") or [details]
    return tuple(_refusal(item) for item in found if "code" in item)


def is_validation_failure(error: PyMongoError) -> bool:
    """Return whether a validator refused one of the writes (error 121)."""
    return any(refusal.invalid for refusal in refusals(error))


def _refusal(item: Mapping[str, Any]) -> WriteRefusal:
    return WriteRefusal(
        position=item.get("index", 0),
        code=item["code"],
        fields=tuple(item.get("keyPattern", ())),
        reason=item.get("errmsg", ""),
    )


def _server_words(error: OperationFailure) -> str:
    """Return what the server said, without the answer that the driver quotes."""
    return str(error).partition(", full error:")[0]


def _first_words(error: PyMongoError) -> str:
    """Return the message without the topology that the driver appends to it."""
    return str(error).partition(" (configured timeouts")[0].partition(", Timeout:")[0]
