"""Pieces of the sentences that causes are told in."""

from collections.abc import Iterable
from datetime import timedelta

from core.review.sanitize import clean_line

MINUTE, HOUR = 60, 3600


def said(text: str, limit: int = 160) -> str:
    """Return somebody else's words as one short line without anything invisible."""
    return clean_line(text, limit=limit) or "(nothing)"


def times(count: int) -> str:
    """Return how often: `once`, `twice`, `5 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: `1 worker`, `3 workers`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Iterable[str], most: int = 3) -> str:
    """Return the first names, and how many there are beside them."""
    every = list(dict.fromkeys(names))
    shown = ", ".join(every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown


def lasting(seconds: float | timedelta) -> str:
    """Return a span as people say it: `850 ms`, `12.5 s`, `3 min 20 s`, `2 h 5 min`."""
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < MINUTE:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def sentence(text: str) -> str:
    """Return the text with a full stop at its end."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
