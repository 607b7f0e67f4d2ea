"""Keeps the log lines of the run in hand, step by step, so that they can be stored.

Whoever configures the log gives every masked line to `collect`; which run it belongs
to is told by the context in which it was logged, so tasks and threads that a step
began are told apart without being told of it.
"""

import asyncio
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
from core.runs.exchanges import Exchanges
from core.runs.metering import Note

Line = Mapping[str, Any]
# Stores lines, and returns the name of what is stored.
Keep = Callable[["Lines"], Awaitable[str]]
KeepExchanges = Callable[[Exchanges], Awaitable[str]]
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


@dataclass(slots=True)
class _Try:
    """A try under way, and under which names its parts are stored as far as they are.

    `stored` has how much of a part that was, and the name.
    """

    log: StepLog
    exchanges: Exchanges = field(default_factory=Exchanges)
    stored: dict[str, tuple[int, str]] = field(default_factory=dict)


class RunLog:
    """The log of one held run: of the step that is under way, until it is stored.

    With it go the exchanges with GitHub, if `keep_exchanges` stores them.
    """

    def __init__(self, keep: Keep, keep_exchanges: KeepExchanges | None = None) -> None:
        self._keep = keep
        self._keep_exchanges = keep_exchanges
        self._try: _Try | None = None

    @property
    def is_open(self) -> bool:
        """Return whether a step is under way, so that lines are taken."""
        return self._try is not None

    @property
    def step(self) -> str:
        """Return the step that is under way, empty when there is none."""
        return self._try.log.step if self._try is not None else ""

    def begin(self, step: str) -> Note:
        """Collect for a step from now on; what is returned takes its exchanges."""
        self._try = _Try(StepLog(step))
        return self._try.exchanges.add

    def add(self, line: Line) -> None:
        """Take a line; what is said between two steps stands in the journal itself."""
        if self._try is not None:
            # A holder that closes a run which was cut off is in no step any more.
            log = self._try.log
            log.add({"step": log.step, **line})

    async def named_in(self, events: Sequence[Payload]) -> Sequence[Payload]:
        """Store the step's lines and exchanges, named in the event that ends its try.

        Nothing is awaited when there is no such event, or nothing to store. What cannot
        be stored is given up: the run is worth more than it.
        """
        one = self._try
        if one is None or not any(_closes(event, one.log.step) for event in events):
            return events
        parts: dict[str, Awaitable[str | None]] = {}
        if one.log:
            keep = self._keep
            parts["log"] = self._stored(
                one, "log", len(one.log), lambda: keep(one.log.lines())
            )
        keep_exchanges = self._keep_exchanges
        if one.exchanges and keep_exchanges is not None:
            parts["exchanges"] = self._stored(
                one,
                "exchanges",
                len(one.exchanges),
                lambda: keep_exchanges(one.exchanges),
            )
        if not parts:
            return events
        digests = await asyncio.gather(*parts.values())
        named = dict(zip(parts, digests, strict=True))
        return tuple(
            event.model_copy(update=named) if _closes(event, one.log.step) else event
            for event in events
        )

    async def _stored(
        self, one: _Try, part: str, count: int, keep: Callable[[], Awaitable[str]]
    ) -> str | None:
        """Return the name of a part, stored unless it is; None when it is given up."""
        before = one.stored.get(part)
        if before is not None and before[0] == count:
            return before[1]
        try:
            digest = await keep()
        except StoreUnavailableError as error:
            log.warning("run_log.lost", part=part, lines=count, reason=str(error))
            return None
        except Exception:
            log.exception("run_log.lost", part=part, lines=count)
            return None
        one.stored[part] = count, digest
        return digest

    def end(self, events: Sequence[Payload]) -> None:
        """Stop collecting for the step that these events, now appended, have ended."""
        if any(_closes(event, self.step) for event in events):
            self._try = None


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
