"""Takes texts out of the memory of work that was done before."""

from core.redaction.places import Order, Reached
from core.runs.projection import RunProjection
from core.runs.pull_streams import run_ids
from core.runs.states import RUN
from core.runs.work import COLLECTION
from core.store.database import Database, translating

MANY = 500


class WorkCopies:
    """The place `work`: results that runs of the pull request left for later ones.

    One that holds a needle is deleted, for to forget it costs doing the work again. A
    run that is under way may leave another, so then there is something left.
    """

    name = "work"

    def __init__(self, database: Database, projection: RunProjection) -> None:
        self._work = database.db[COLLECTION]
        self._projection = projection

    async def redact(self, order: Order) -> Reached:
        """Delete what holds a needle; raises StoreUnavailableError."""
        ids = await run_ids(self._projection, order)
        under_way = 0
        for run_id in ids:
            found = await self._projection.get(run_id)
            under_way += found is not None and found["status"] not in RUN.terminal
        wanted = {"run_id": {"$in": sorted(ids)}}
        with translating():
            rows = self._work.find(wanted, {"result": 1}, batch_size=MANY)
            gone = [
                one["_id"] async for one in rows if order.needles.are_in(one["result"])
            ]
            done = await self._work.delete_many({"_id": {"$in": gone}})
        left = f"{under_way} runs are still under way" if under_way else ""
        return Reached(changed=done.deleted_count, left=left)
