"""Spans of time as people write them: 90m, 12h, 30d, 8w."""

import re
from datetime import timedelta

from core.errors import SpanError

SPAN = re.compile(r"(\d{1,5})([mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span(text: str) -> timedelta:
    """Return how long a written span is; raises SpanError."""
    found = SPAN.fullmatch(text.strip())
    if found is None:
        raise SpanError(text=text)
    return timedelta(**{UNITS[found[2]]: int(found[1])})
