"""Where the kept part of the feed begins; whoever trims it moves this first."""

from core.store.database import Database, translating
from core.store.roles import COLLECTION

ROLE = "feed-trimmer"


class Floor:
    """Tells the oldest position that is kept.

    It stands with the trimmer's role, for only its holder may move it. It is moved
    before pages go: whoever reads from it on finds every page.
    """

    def __init__(self, database: Database) -> None:
        self._roles = database.db[COLLECTION]

    async def oldest(self) -> int:
        """Return the oldest kept position, 1 when nothing was ever trimmed.

        Raises StoreUnavailableError.
        """
        with translating():
            role = await self._roles.find_one({"_id": ROLE})
        return int(role["note"].get("oldest", 1)) if role else 1
