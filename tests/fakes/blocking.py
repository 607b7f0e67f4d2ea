"""A database that is spoken to from code which does not wait, as Hypothesis' is."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from core.clock import Ids
from core.events.journal import Journal
from core.runs.projection import RunProjection
from core.store.database import Database, PyMongoError, is_validation_failure
from tests.fakes.clock import NOON, FakeClock

T = TypeVar("T")


@dataclass
class World:
    """A migrated database, and a loop to speak with it from code that does not wait."""

    runner: asyncio.Runner
    database: Database
    journal: Journal = field(init=False)
    projection: RunProjection = field(init=False)

    def __post_init__(self) -> None:
        clock = FakeClock(NOON)
        self.journal = Journal(self.database, clock=clock, ids=Ids(clock))
        self.projection = RunProjection(self.database)

    def do(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what some work returns; it begins inside the loop."""

        async def inside() -> T:
            return await work()

        return self.runner.run(inside())

    def refuses(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Return whether the database refuses a write with error 121."""
        try:
            self.do(work)
        except PyMongoError as error:
            if not is_validation_failure(error):
                raise
            return True
        return False
