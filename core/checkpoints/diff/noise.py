"""Tells changes that mean nothing, and values of which only the change is known."""

import re
from collections.abc import Iterable
from typing import Any

from core.checkpoints.pointers import Tokens, matches, tokens_of

# A time in RFC 3339, or as Python prints it.
TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
# Names under which a time changes with every run.
TIMED = re.compile(r"(.*_)?(at|time|timestamp|until|leased?|lease_.*)", re.DOTALL)
# What masking and redaction leave in a text.
MARK = re.compile(r"\[(?:masked|redacted|removed):[\w./:-]{1,200}\]|█████|░░░░░")


class Noise:
    """Knows what changes without meaning anything: by place, and times by their name.

    A time that was not there before, or is there no more, is no noise: something
    began, or came to an end.
    """

    def __init__(self, pointers: Iterable[str]) -> None:
        self._patterns = tuple(map(tokens_of, pointers))

    def is_noise(self, path: Tokens, before: Any, after: Any) -> bool:
        """Tell whether a change at `path` means nothing."""
        if any(matches(one, path[: len(one)]) for one in self._patterns):
            return True
        return _is_time(before) and _is_time(after) and _is_timed(path)


def is_marked(value: Any) -> bool:
    """Tell whether a secret was masked, or something redacted, in a value."""
    if isinstance(value, str):
        return MARK.search(value) is not None
    if isinstance(value, dict):
        return any(map(is_marked, value)) or any(map(is_marked, value.values()))
    return isinstance(value, list) and any(map(is_marked, value))


def _is_time(value: Any) -> bool:
    return type(value) is str and TIMESTAMP.fullmatch(value) is not None


def _is_timed(path: Tokens) -> bool:
    """Tell whether the last name that is no place in a list is one for times."""
    name = next((token for token in reversed(path) if not token.isdecimal()), "")
    return TIMED.fullmatch(name) is not None
