"""A place to which remembered text was copied: a collection of a test's own."""

from dataclasses import dataclass, field

from typing_extensions import override

from core.errors import StoreUnavailableError
from core.redaction.places import Derived, Order, Reached
from core.store.database import Database

COLLECTION = "copies"


@dataclass
class Copies(Derived):
    """Texts in the clear; `away` fails so many times, `busy` is so often not done.

    `broken` is how often there is a bug.
    """

    database: Database
    away: int = 0
    busy: int = 0
    broken: int = 0
    orders: list[Order] = field(default_factory=list)

    @property
    @override
    def name(self) -> str:
        return "copies"

    async def put(self, text: str) -> None:
        """Keep a copy."""
        await self.database.db[COLLECTION].insert_one({"text": text})

    async def texts(self) -> list[str]:
        """Return what is there."""
        found = await self.database.db[COLLECTION].find({}).to_list(None)
        return sorted(str(one["text"]) for one in found)

    @override
    async def redact(self, order: Order) -> Reached:
        self.orders.append(order)
        if self.away:
            self.away -= 1
            raise StoreUnavailableError(reason="it is away")
        if self.broken:
            self.broken -= 1
            raise RuntimeError("a bug")
        changed = 0
        copies = self.database.db[COLLECTION]
        for one in await copies.find({}).to_list(None):
            text = order.needles.cut(one["text"])
            if text != one["text"]:
                await copies.update_one({"_id": one["_id"]}, {"$set": {"text": text}})
                changed += 1
        if self.busy:
            self.busy -= 1
            return Reached(changed=changed, left="a run is under way")
        return Reached(changed=changed)
