"""Reads what a child says while it runs, and stops listening at the cap."""

import asyncio
from collections.abc import Callable

from typing_extensions import override


class Capture(asyncio.SubprocessProtocol):
    """Collects both outputs up to `cap` bytes each; calls `too_much` beyond that.

    `exited` is set when the child is gone, `drained` when both outputs are closed too.
    """

    def __init__(self, cap: int, too_much: Callable[[], None]) -> None:
        self._cap = cap
        self._too_much = too_much
        self._open = {1, 2}
        self.output = {1: bytearray(), 2: bytearray()}
        self.truncated = False
        self.exited = asyncio.Event()
        self.drained = asyncio.Event()

    @override
    def pipe_data_received(self, fd: int, data: bytes) -> None:
        taken = self.output[fd]
        room = self._cap - len(taken)
        taken += data[:room]
        if len(data) > room:
            self.truncated = True
            self._too_much()

    @override
    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        if not self._open:
            self.drained.set()

    @override
    def process_exited(self) -> None:
        self.exited.set()
