"""Keeps the log lines of the run in hand, step by step, so that they can be stored.

Whoever configures the log gives every masked line to `collect`; which run it belongs
to is told by the context in which it was logged, so tasks and threads that a step
began are told apart without being told of it.
"""

import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import isfinite
from threading import Lock
from typing import Any

import structlog

from core.errors import StoreUnavailableError
from core.events.base import Payload
from core.events.schema import StepFinished, StepRetried

Line = Mapping[str, Any]
# Stores lines, and returns the name of what is stored.
Keep = Callable[["Lines"], Awaitable[str]]
CLOSING = (StepFinished, StepRetried)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of a step's log is kept: half of it from its begin, half from its end.

    `text` bounds each text of a line, in characters; both halves count lines and the
    characters of their JSON.
    """

    lines: int = 500
    characters: int = 128 * 1024
    text: int = 8 * 1024


BOUNDS = Bounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The lines of one try of a step; `left_out` is how many are missing between."""

    first: Sequence[Line] = ()
    left_out: int = 0
    last: Sequence[Line] = ()


@dataclass(slots=True)
class _Half:
    """As many lines as fit."""

    lines: deque[tuple[Line, int]] = field(default_factory=deque)
    characters: int = 0

    def add(self, line: Line, size: int) -> None:
        self.lines.append((line, size))
        self.characters += size

    def drop_oldest(self) -> None:
        self.characters -= self.lines.popleft()[1]

    def fits(self, bounds: Bounds, size: int = 0) -> bool:
        more = 1 if size else 0
        return (
            len(self.lines) + more <= bounds.lines
            and self.characters + size <= bounds.characters
        )


class StepLog:
    """The lines of one step: the first and the last, for both tell most."""

    def __init__(self, step: str, bounds: Bounds = BOUNDS) -> None:
        self.step = step
        self._bounds = bounds
        self._first = _Half()
        self._last = _Half()
        self._left_out = 0
        # Threads log too.
        self._lock = Lock()

    def __len__(self) -> int:
        """Return how many lines there were, those that were left out included."""
        return len(self._first.lines) + len(self._last.lines) + self._left_out

    def add(self, line: Line) -> None:
        """Keep a line, or count it."""
        short = shortened(line, self._bounds.text)
        size = len(json.dumps(short))
        with self._lock:
            if self._is_beginning() and self._first.fits(self._bounds, size):
                self._first.add(short, size)
                return
            self._last.add(short, size)
            while not self._last.fits(self._bounds):
                self._last.drop_oldest()
                self._left_out += 1

    def _is_beginning(self) -> bool:
        """Return whether nothing has come yet that was too much for the first half."""
        return not self._last.lines and not self._left_out

    def lines(self) -> Lines:
        """Return what is kept so far."""
        with self._lock:
            return Lines(
                first=[line for line, _ in self._first.lines],
                left_out=self._left_out,
                last=[line for line, _ in self._last.lines],
            )


class RunLog:
    """The log of one held run: of the step that is under way, until it is stored."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._step: StepLog | None = None
        self._kept: tuple[int, str] | None = None

    @property
    def is_open(self) -> bool:
        """Return whether a step is under way, so that lines are taken."""
        return self._step is not None

    def begin(self, step: str) -> None:
        """Collect for a step from now on."""
        self._step, self._kept = StepLog(step), None

    def add(self, line: Line) -> None:
        """Take a line; what is said between two steps stands in the journal itself."""
        if self._step is not None:
            # A holder that closes a run which was cut off is in no step any more.
            self._step.add({"step": self._step.step, **line})

    async def named_in(self, events: Sequence[Payload]) -> Sequence[Payload]:
        """Store the step's lines, and name them in the event that ends its try.

        Nothing is awaited when there is no such event, or no line. A log that cannot be
        stored is given up: the run is worth more than it.
        """
        step = self._step
        if not step or not any(_closes(event, step.step) for event in events):
            return events
        try:
            digest = await self._stored(step)
        except StoreUnavailableError as error:
            log.warning("run_log.lost", lines=len(step), reason=str(error))
            return events
        except Exception:
            log.exception("run_log.lost", lines=len(step))
            return events
        return tuple(
            event.model_copy(update={"log": digest})
            if _closes(event, step.step)
            else event
            for event in events
        )

    async def _stored(self, step: StepLog) -> str:
        count = len(step)
        if self._kept is None or self._kept[0] != count:
            self._kept = count, await self._keep(step.lines())
        return self._kept[1]

    def end(self, events: Sequence[Payload]) -> None:
        """Stop collecting for the step that these events, now appended, have ended."""
        step = self._step
        if step is not None and any(_closes(event, step.step) for event in events):
            self._step = self._kept = None


_current: ContextVar[RunLog | None] = ContextVar("run_log", default=None)


def is_collecting() -> bool:
    """Return whether a line that is logged here would be kept for a run."""
    run_log = _current.get()
    return run_log is not None and run_log.is_open


def collect(line: Line) -> None:
    """Give a line, masked and complete, to the run in whose context it was logged."""
    run_log = _current.get()
    if run_log is not None:
        run_log.add(line)


@contextmanager
def collecting(run_id: str, run_log: RunLog) -> Iterator[None]:
    """Have what is logged in the body name the run, and kept for it."""
    before = _current.set(run_log)
    try:
        with structlog.contextvars.bound_contextvars(run_id=run_id):
            yield
    finally:
        _current.reset(before)


def shortened(line: Line, most: int) -> Line:
    """Return the line as JSON has it, with every text over `most` cut in its middle.

    A number that JSON has not becomes its text.
    """
    return {str(key): _short(value, most) for key, value in line.items()}


def _short(value: object, most: int) -> object:
    match value:
        case str() if len(value) > most:
            half = most // 2
            gone = len(value) - 2 * half
            return f"{value[:half]}… {gone} characters …{value[-half:]}"
        case Mapping():
            return shortened(value, most)
        case list() | tuple():
            return [_short(item, most) for item in value]
        case float() if not isfinite(value):
            return str(value)
        case None | str() | bool() | int() | float():
            return value
        case _:
            return _short(str(value), most)


def _closes(event: Payload, step: str) -> bool:
    """Return whether an event ends a try of the step."""
    if not isinstance(event, CLOSING) or event.subject != step:
        return False
    return event.transition != "due"
