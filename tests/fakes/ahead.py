"""The machine's clock, wrong by so many seconds."""

from datetime import datetime, timedelta

from typing_extensions import override

from core.clock import SystemClock


class AheadClock(SystemClock):
    """A clock that is ahead; it waits as long as others do."""

    def __init__(self, seconds: float) -> None:
        self._ahead = timedelta(seconds=seconds)

    @override
    def now(self) -> datetime:
        return super().now() + self._ahead

    def jump(self, seconds: float) -> None:
        """Be ahead by so many seconds more."""
        self._ahead += timedelta(seconds=seconds)
