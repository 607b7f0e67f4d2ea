"""Inserts deliveries durably, those that arrive together in one write."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from bot.webhooks.delivery import KEPT, Arrival, DeliveryState
from bot.webhooks.delivery_schema import COLLECTION
from bot.webhooks.news import Kind, News
from core.clock import Clock
from core.errors import (
    NofxError,
    RefusedByDatabaseError,
    StoreUnavailableError,
    UnavailableError,
)
from core.store.database import (
    BulkWriteError,
    Collection,
    Document,
    WriteRefusal,
    refusals,
    translating,
)
from core.store.grouped import GroupedWrites

PAUSE_SECONDS = 0.1


class Intake:
    """Stores arrivals; `patience` bounds in seconds how long one insert is tried.

    `name` marks them as this process's to tell of.
    """

    def __init__(
        self, collection: Collection, *, clock: Clock, patience: float, name: str
    ) -> None:
        self._collection = collection
        self._name = name
        self._clock = clock
        self._patience = patience
        self._inserts: GroupedWrites[Arrival, bool] = GroupedWrites(self._store)

    async def add(self, arrival: Arrival) -> bool:
        """Return once the arrival is durable; False when its GUID was there before.

        Raises StoreUnavailableError when that stays unclear, RefusedByDatabaseError
        when the validator says no.
        """
        return await self._inserts.add(arrival)

    async def _store(self, arrivals: Sequence[Arrival]) -> list[bool | Exception]:
        """Insert a group; try again while the answer is unclear and patience lasts."""
        now = self._clock.now()
        documents = [_document(arrival, now, self._name) for arrival in arrivals]
        end = self._clock.monotonic() + self._patience
        unclear = False
        while True:
            try:
                async with asyncio.timeout(end - self._clock.monotonic()):
                    verdicts = await self._insert(documents)
            except (TimeoutError, UnavailableError) as error:
                if self._clock.monotonic() + PAUSE_SECONDS >= end:
                    reason = str(error) or "no answer in time"
                    raise StoreUnavailableError(reason=reason) from error
                unclear = True
                await self._clock.sleep(PAUSE_SECONDS)
            else:
                # What an unclear insert left behind is met again as a duplicate.
                return [True if unclear and v is False else v for v in verdicts]

    async def _insert(self, documents: list[Document]) -> list[bool | NofxError]:
        """Insert all that can be; say for each whether it is new, there, or refused."""
        verdicts: list[bool | NofxError] = [True] * len(documents)
        try:
            with translating():
                # Unordered: a duplicate, or one that is refused, stops nobody else.
                await self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            verdicts = judged(verdicts, error)
        return verdicts


def judged(
    verdicts: list[bool | NofxError], error: BulkWriteError
) -> list[bool | NofxError]:
    """Return the verdicts with those that the server refused.

    Raises StoreUnavailableError when it is unclear whether the others are durable.
    """
    doubt = (error.details or {}).get("writeConcernErrors")
    if doubt:
        raise StoreUnavailableError(reason=str(doubt)) from error
    refused = {refusal.position: _verdict(refusal) for refusal in refusals(error)}
    return [refused.get(place, verdict) for place, verdict in enumerate(verdicts)]


def _news(arrival: Arrival, now: datetime) -> News:
    if arrival.ignored is None:
        return News(kind=Kind.RECEIVED, at=now)
    return News(kind=Kind.TURNED_AWAY, at=now, reason=arrival.ignored)


def _document(arrival: Arrival, now: datetime, name: str) -> Document:
    document: Document = {
        "_id": arrival.guid,
        "event": arrival.event,
        "body": arrival.packed,
        "digest": arrival.digest,
        "received_at": now,
        "state": DeliveryState.RECEIVED.value,
        "attempts": 0,
        "excused": 0,
        "due_at": now,
        "announce": name,
        "untold": [_news(arrival, now).document()],
    }
    known = {"action": arrival.action, **asdict(arrival.place)}
    document |= {field: value for field, value in known.items() if value is not None}
    if arrival.ignored is not None:
        document["state"] = DeliveryState.IGNORED.value
        document["reason"] = arrival.ignored
        document["purge_after"] = now + KEPT
    return document


def _verdict(refusal: WriteRefusal) -> bool | NofxError:
    if refusal.duplicate:
        return False
    if refusal.invalid:
        return RefusedByDatabaseError(collection=COLLECTION, reason=refusal.reason)
    return StoreUnavailableError(reason=refusal.reason)
