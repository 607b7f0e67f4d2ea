"""Tells the changes that mean nothing."""

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


class Noise:
    """Knows what changes without meaning anything: by place, and times by their name.

    A time that was not there before, or is there no more, is no noise: something
    began, or came to an end.
    """

    def __init__(self, pointers: Iterable[str]) -> None:
        self._patterns = tuple(map(tokens_of, pointers))

    def is_noise(self, path: Tokens, before: Any, after: Any) -> bool:
        """Tell whether a change at `path` means nothing."""
        for one in self._patterns:
            if matches(one, path[: len(one)]):
                return True
        return _is_time(before) and _is_time(after) and _is_timed(path)


def _is_time(value: Any) -> bool:
    return type(value) is str and TIMESTAMP.fullmatch(value) is not None


def _is_timed(path: Tokens) -> bool:
    """Tell whether the last name that is no place in a list is one for times."""
    name = next((token for token in reversed(path) if not token.isdecimal()), "")
    return TIMED.fullmatch(name) is not None
