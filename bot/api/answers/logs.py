"""What a run has logged, as the API shows it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from bot.api.answers.base import Shown
from core.events.base import JSON
from core.runs.tries import KeptTry

_TIME: TypeAdapter[datetime] = TypeAdapter(datetime)
# What each line has a place for; the rest are its facts.
PLACED = ("timestamp", "level", "logger", "event", "run_id", "step")


class LogLine(Shown):
    """One line that was logged while a step was under way."""

    step: str
    attempt: int = Field(description="which try of the step, from 1")
    time: datetime | None
    level: str
    logger: str
    event: str = Field(description="what happened, such as `github.retrying`")
    facts: dict[str, Any] = Field(description="what else was said about it")

    @classmethod
    def of(cls, known: KeptTry, line: JSON) -> "LogLine":
        """Return a stored line as the API shows it."""
        return cls(
            step=known.step,
            attempt=known.attempt,
            time=_time(line.get("timestamp")),
            level=str(line.get("level", "")),
            logger=str(line.get("logger", "")),
            event=str(line.get("event", "")),
            facts=_sendable({k: one for k, one in line.items() if k not in PLACED}),
        )


class RunLogs(Shown):
    """What a run's steps have logged, oldest first."""

    lines: list[LogLine]
    left_out: int = Field(description="how many lines of these tries were not kept")


def at_least(level: str, levels: Iterable[str]) -> frozenset[str]:
    """Return the level and all that weigh more; `levels` weigh more and more."""
    ordered = [*levels]
    return frozenset((*ordered[ordered.index(level) :], "critical"))


def _sendable(value: Any) -> Any:
    """Return what was logged with escapes for halves of pairs, which are no text.

    Names of files can hold them, and no answer can.
    """
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {_sendable(key): _sendable(one) for key, one in value.items()}
        case list():
            return [_sendable(one) for one in value]
        case _:
            return value


def _time(value: object) -> datetime | None:
    try:
        return _TIME.validate_python(value)
    except ValidationError:
        return None
