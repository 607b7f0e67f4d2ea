"""Counts what the driver sends, to estimate what a run costs any database."""

from collections import Counter
from dataclasses import dataclass, field

import bson
from pymongo import monitoring
from typing_extensions import override

WRITES = frozenset({"insert", "update", "delete", "findAndModify"})
READS = frozenset({"find", "getMore", "aggregate", "count", "distinct"})


@dataclass(slots=True)
class Counted(monitoring.CommandListener):
    """Calls since the last reset, bytes of the writes, and the journal's batches."""

    calls: Counter[str] = field(default_factory=Counter)
    batches: list[int] = field(default_factory=list)

    def reset(self) -> None:
        """Count from nothing again."""
        self.calls.clear()
        self.batches.clear()

    @override
    def started(self, event: monitoring.CommandStartedEvent) -> None:
        name = event.command_name
        if name in WRITES:
            self.calls["writes"] += 1
            self.calls["bytes"] += len(bson.encode(event.command))
        elif name in READS:
            self.calls["reads"] += 1
        if name == "insert" and event.command[name] == "journal":
            self.batches.append(len(event.command["documents"]))

    @override
    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Count nothing: it was counted when it began."""

    @override
    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Count nothing: it was counted when it began."""
