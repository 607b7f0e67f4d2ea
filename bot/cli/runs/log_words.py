"""A run's log in words: what was done, line by line, under the step that did it."""

from itertools import groupby
from typing import Any

from bot.api.answers.logs import LogLine, RunLogs
from bot.plain import counted, one_line, visible

# Facts that are texts of many lines, and stand below their own.
TRACES = ("exception", "stack")
LONGEST_FACT = 300
WIDEST_LEVEL = 7


def logs(found: RunLogs) -> str:
    """Say what the steps logged."""
    parts = [
        f"{_head(step, attempt)}\n{''.join(map(_line, lines))}"
        for (step, attempt), lines in groupby(
            found.lines, key=lambda one: (one.step, one.attempt)
        )
    ]
    if not parts:
        parts.append("Nothing was logged that fits.\n")
    if found.left_out:
        missing = counted(found.left_out, "line")
        parts.append(f"Left out, for there were too many: {missing}.\n")
    return "\n".join(parts)


def _head(step: str, attempt: int) -> str:
    return one_line(step) if attempt == 1 else f"{one_line(step)}, try {attempt}"


def _line(one: LogLine) -> str:
    time = f"{one.time:%H:%M:%S}.{one.time.microsecond // 1000:03}" if one.time else ""
    facts = " ".join(
        f"{one_line(key)}={_fact(value)}"
        for key, value in one.facts.items()
        if key not in TRACES
    )
    level = one_line(one.level).ljust(WIDEST_LEVEL)
    said = f"  {time}  {level}  {one_line(one.event)}  {facts}".rstrip()
    below = [
        f"\n      {line}"
        for key in TRACES
        for line in visible(str(one.facts.get(key, ""))).splitlines()
    ]
    return f"{said}{''.join(below)}\n"


def _fact(value: Any) -> str:
    text = one_line(str(value))
    return text if len(text) <= LONGEST_FACT else f"{text[:LONGEST_FACT]}…"
