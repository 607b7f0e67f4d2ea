"""The store of deliveries: kept before they are acknowledged, claimed under a lease."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from bot.webhooks.delivery import (
    KEPT,
    Arrival,
    Candidate,
    DeadLetter,
    Delivery,
    DeliveryState,
)
from bot.webhooks.delivery_schema import COLLECTION
from bot.webhooks.intake import Intake
from bot.webhooks.news import Kind, News
from bot.webhooks.outbox import mark
from bot.webhooks.outcome import Ignored, Outcome
from core.clock import Clock, Ids
from core.errors import DeliveryNotFoundError, RefusedByDatabaseError
from core.events.bus import Bell
from core.store.database import Database, Document, PyMongoError, translating


class Deliveries:
    """Every delivery that GitHub sent, until a week after its end.

    `patience` is how long an insert is tried again while the database is away, in
    seconds: an insert may wait for the one before it, and twice that stays below the
    ten after which GitHub hangs up. `arrived` is set when there is new work here;
    `news` rings when there is something to tell of a delivery, under `name`.
    """

    def __init__(
        self, database: Database, *, clock: Clock, patience: float = 4.0
    ) -> None:
        self._collection = database.db[COLLECTION]
        self._clock = clock
        self._ids = Ids(clock)
        self.name = self._ids.new("d")
        self._intake = Intake(
            self._collection, clock=clock, patience=patience, name=self.name
        )
        self.arrived = asyncio.Event()
        self.news = Bell()

    async def add(self, arrival: Arrival) -> bool:
        """Store a delivery durably; False when its GUID is already there.

        One that is dead is tried again then: somebody pressed Redeliver for it.
        Raises StoreUnavailableError when the database stays away; whether the delivery
        was stored is then unknown, and sending it again is safe.
        """
        new = await self._intake.add(arrival)
        self.news.ring()
        if arrival.ignored is None:
            self.arrived.set()
            if not new:
                with suppress(DeliveryNotFoundError):
                    await self.redeliver(arrival.guid)
        return new

    async def known(self, guids: Iterable[str]) -> set[str]:
        """Return those of some GUIDs under which a delivery is here."""
        with _answering():
            found = await self._collection.find(
                {"_id": {"$in": [*guids]}}, {"_id": 1}
            ).to_list(None)
        return {str(each["_id"]) for each in found}

    async def due(self, state: DeliveryState, *, most: int) -> list[Candidate]:
        """Return up to `most` deliveries of an open state whose time has come."""
        wanted = {"state": state.value, "due_at": {"$lte": self._clock.now()}}
        # The batch size bounds what is sent; `limit` makes the embedded server scan.
        cursor = self._collection.find(wanted, {"due_at": 1}).batch_size(most)
        with _answering():
            found = await cursor.to_list(most)
            await cursor.close()
        return [
            Candidate(guid=each["_id"], state=state, due_at=each["due_at"])
            for each in found
        ]

    async def has_ended(self, guid: str) -> bool:
        """Return whether nobody will work on a delivery, or it is gone already."""
        with _answering():
            found = await self._collection.find_one({"_id": guid}, {"state": 1})
        open_states = (DeliveryState.RECEIVED, DeliveryState.PROCESSING)
        return found is None or found["state"] not in open_states

    async def claim(
        self, candidate: Candidate, *, owner: str, seconds: float
    ) -> Delivery | None:
        """Take the lease of a delivery; None when somebody else was faster."""
        token = self._ids.new("claim")
        until = self._clock.now() + timedelta(seconds=seconds)
        seen = {
            "_id": candidate.guid,
            "state": candidate.state.value,
            "due_at": candidate.due_at,
        }
        taken = {
            "state": DeliveryState.PROCESSING.value,
            "lease": {"owner": owner, "token": token, "until": until},
            "due_at": until,
        }
        with _answering():
            done = await self._collection.update_one(
                seen, {"$set": taken, "$inc": {"attempts": 1}}
            )
            if done.matched_count == 0:
                return None
            found = await self._collection.find_one({"_id": candidate.guid})
        if found is None or found.get("lease", {}).get("token") != token:
            return None
        return Delivery(
            guid=found["_id"],
            event=found["event"],
            received_at=found["received_at"],
            attempts=found["attempts"],
            excused=found["excused"],
            token=token,
            packed=found["body"],
            digest=found["digest"],
        )

    async def extend(self, delivery: Delivery, *, seconds: float) -> bool:
        """Prolong the lease to `seconds` from now; False when it is no longer ours."""
        until = self._clock.now() + timedelta(seconds=seconds)
        change = {"$set": {"lease.until": until, "due_at": until}}
        return await self._change(delivery, change)

    async def finish(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Record a good end; False when the lease is no longer ours."""
        match outcome:
            case Ignored(reason):
                return await self._end(delivery, DeliveryState.IGNORED, reason)
            case _:
                return await self._end(delivery, DeliveryState.DONE, None)

    async def bury(self, delivery: Delivery, reason: str) -> bool:
        """Give a delivery up; False when the lease is no longer ours."""
        return await self._end(delivery, DeliveryState.DEAD, reason)

    async def put_back(
        self, delivery: Delivery, *, due_at: datetime, reason: str | None = None
    ) -> bool:
        """Let it be tried again from `due_at`; False when the lease is not ours.

        With a reason the attempt counts as failed; without one it is excused.
        """
        back: Document = {"state": DeliveryState.RECEIVED.value, "due_at": due_at}
        change: Document = {"$set": back, "$unset": {"lease": ""}}
        if reason is None:
            change["$inc"] = {"excused": 1}
        else:
            back["reason"] = reason
        return await self._change(delivery, change)

    async def dead(self) -> list[DeadLetter]:
        """Return what was given up in the last week, oldest first."""
        wanted = {"state": DeliveryState.DEAD.value}
        with _answering():
            found = await self._collection.find(wanted, {"body": 0}).to_list(None)
        letters = [
            DeadLetter(
                guid=each["_id"],
                event=each["event"],
                action=each.get("action"),
                received_at=each["received_at"],
                attempts=each["attempts"],
                reason=each["reason"],
            )
            for each in found
        ]
        return sorted(letters, key=lambda letter: (letter.received_at, letter.guid))

    async def redeliver(self, guid: str) -> None:
        """Try a dead delivery as often again; raises DeliveryNotFoundError."""
        dead = {"_id": guid, "state": DeliveryState.DEAD.value}
        with _answering():
            found = await self._collection.find_one({"_id": guid}, {"attempts": 1})
            again: Document = {
                "state": DeliveryState.RECEIVED.value,
                "due_at": self._clock.now(),
                "excused": found["attempts"] if found else 0,
            }
            done = await self._collection.update_one(
                dead, {"$set": again, "$unset": {"purge_after": "", "reason": ""}}
            )
        if done.matched_count == 0:
            raise DeliveryNotFoundError(guid=guid)
        self.arrived.set()

    async def _end(
        self, delivery: Delivery, state: DeliveryState, reason: str | None
    ) -> bool:
        now = self._clock.now()
        ended: Document = {"state": state.value, "purge_after": now + KEPT}
        gone = {"lease": ""}
        if reason is None:
            change: Document = {"$set": ended, "$unset": {**gone, "reason": ""}}
            return await self._change(delivery, change)
        news = News(kind=Kind(state), at=now, reason=reason, attempts=delivery.attempts)
        change = {
            "$set": {
                **ended,
                "reason": reason,
                "announce": mark(self.name, delivery.token),
            },
            "$unset": gone,
            "$push": {"untold": news.document()},
        }
        held = await self._change(delivery, change)
        self.news.ring()
        return held

    async def _change(self, delivery: Delivery, change: Document) -> bool:
        """Update a delivery if its lease is still the one that we hold."""
        held = {"_id": delivery.guid, "lease.token": delivery.token}
        with _answering():
            done = await self._collection.update_one(held, change)
        return done.matched_count == 1


@contextmanager
def _answering() -> Iterator[None]:
    """Turn the driver's errors into ours, around awaited calls."""
    try:
        with translating():
            yield
    except PyMongoError as error:
        raise RefusedByDatabaseError(
            collection=COLLECTION, reason=str(error)
        ) from error
