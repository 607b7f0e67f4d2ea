"""What a walk through session memory knows of it, as a plain list would."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine
from typing_extensions import override

from core.memory.model import Draft, Hold, Kind
from core.memory.schema import ITEMS
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import PULL, Remembering, message, remembering

T = TypeVar("T")
NUMBERS = count(1)


@dataclass
class Kept:
    """What the model knows of an item: its text, and until when it may be read."""

    seq: int
    text: str
    ends_at: datetime | None


class MemoryWalk(RuleBasedStateMachine):
    """Two processes over one database, and the list that they are held against."""

    runner: asyncio.Runner
    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.kept: list[Kept] = []
        self.holds: list[Hold] = []
        self.gone: set[int] = set()
        self.end = 0
        self.active = "k1"
        self.session_id = ""
        self.outlived = False
        self.processes: list[Remembering] = []

    def do(self, work: Awaitable[T]) -> T:
        """Wait for something in the machine's own loop."""

        async def waited() -> T:
            return await work

        return self.runner.run(waited())

    @override
    def teardown(self) -> None:
        """Nothing of it lies in the clear; then take all down."""
        if self.processes:
            self.do(self._close())

    async def process(self) -> Remembering:
        """Start a process."""
        return await remembering(self.database, self.clock)

    async def begun(self) -> str:
        """Open a session, and return its id."""
        return (await self.processes[0].memory.of(PULL)).id

    async def _close(self) -> None:
        for one in self.processes:
            await one.close()
        for stored in await self.database.db[ITEMS].find({}).to_list(None):
            assert "text" not in stored
        for name in await self.database.db.list_collection_names():
            await self.database.db[name].delete_many({})

    async def together(
        self, batches: Sequence[Sequence[Draft]], expected: int | None
    ) -> Sequence[Any]:
        """Have each process append its batch; return facts or errors, in order."""
        both = zip(self.processes, batches, strict=True)
        return await asyncio.gather(
            *(
                one.memory.append(self.session_id, drafts, expected=expected)
                for one, drafts in both
            ),
            return_exceptions=True,
        )

    def drafts(self, texts: Sequence[str], hours: int | None) -> list[Draft]:
        """Return messages, which end after so many hours."""
        end = self.clock.now() + timedelta(hours=hours) if hours else None
        # Each is like no other: what one says goes wherever it is said.
        told = (f"{next(NUMBERS):06} {text}" for text in texts)
        return [replace(message(text), expires_at=end) for text in told]

    def keep(self, drafts: Sequence[Draft], seqs: Sequence[int]) -> None:
        """Note what was appended, and where."""
        for draft, seq in zip(drafts, seqs, strict=True):
            assert seq not in {one.seq for one in self.kept}
            text = str(draft.content["text"])
            self.kept.append(Kept(seq, text, draft.expires_at))
        self.end = max(self.end, *seqs)

    def shown(self) -> list[tuple[int, str]]:
        """Return what may be read now, in the order of its places."""
        now = self.clock.now()
        return [
            (one.seq, one.text)
            for one in self.kept
            if any(hold.covers(one.seq) for hold in self.holds)
            or one.ends_at is None
            or now < one.ends_at
        ]

    def said(self, who: int, first: int, last: int | None) -> list[tuple[int, str]]:
        """Return what a process reads, without markers and tombstones."""
        memory = self.processes[who].memory
        items = self.do(memory.read(self.session_id, first, last))
        said = [
            one
            for one in items
            if one.facts.kind is not Kind.MARKER and one.facts.erased is None
        ]
        return [(one.seq, str((one.content or {})["text"])) for one in said]

    def look(self) -> None:
        """See where the end is: who erases takes a place."""
        self.end = self.do(self.processes[0].memory.opened(self.session_id)).seq

    def over(self) -> set[int]:
        """Return what may not be read now, by its places."""
        shown = {seq for seq, _ in self.shown()}
        return {one.seq for one in self.kept} - shown

    def settle(self, over: set[int]) -> None:
        """Strike out what was over before and is erased by now: it stays gone."""
        stored = self.do(self.processes[0].store.items(self.session_id, 1, self.end))
        erased = {one["seq"] for one in stored if "erased" in one}
        assert erased - self.gone <= over
        self.gone |= erased
        self.kept = [one for one in self.kept if one.seq not in erased]
