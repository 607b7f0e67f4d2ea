"""Times every command that the driver sends; it is called in the driver's threads."""

from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)
from typing_extensions import override

from core.metrics.bounds import OTHER
from core.metrics.store import DATABASE_ERRORS, DATABASE_SECONDS, UNSENT

MICRO = 1e-6


class CommandTimes(CommandListener):
    """Knows of each command under way which collection it is for.

    An answer does not name it. The dictionary is safe to use from several threads, for
    each touches the entry of its own request alone.
    """

    def __init__(self) -> None:
        self._collections: dict[int, str] = {}

    @override
    def started(self, event: CommandStartedEvent) -> None:
        self._collections[event.request_id] = _collection(
            event.command_name, event.command
        )

    @override
    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._time(event)

    @override
    def failed(self, event: CommandFailedEvent) -> None:
        self._time(event)
        DATABASE_ERRORS.inc(operation=event.command_name)

    def _time(self, event: CommandSucceededEvent | CommandFailedEvent) -> None:
        DATABASE_SECONDS.observe(
            event.duration_micros * MICRO,
            operation=event.command_name,
            collection=self._collections.pop(event.request_id, OTHER),
        )


def found_no_server() -> None:
    """Count a command that could not be sent: no listener hears of such a one."""
    DATABASE_ERRORS.inc(operation=UNSENT)


def _collection(name: str, command: Any) -> str:
    """Return what a command is about: its own value, or a cursor's collection."""
    about = command.get("collection" if name == "getMore" else name)
    return about if isinstance(about, str) else OTHER
