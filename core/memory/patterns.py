"""Patterns in RE2's syntax: they take time in proportion to the text, never more.

What RE2 cannot promise that for, back-references and look-around, it does not know;
what would take too much memory it refuses.
Source: https://github.com/google/re2/wiki/Syntax
"""

from collections.abc import Sequence
from typing import Protocol

import re2

from core.errors import RedactionTargetError

LONGEST = 500
MOST_MEMORY = 1024 * 1024
# A pattern that finds nothing in nothing may find it between letters.
PROBES = ("", "a b", "\n")


class Pattern(Protocol):
    """What finds matches, one after the other."""

    def finditer(self, text: str) -> "Sequence[Match]":
        """Return the matches that do not overlap, from left to right."""
        ...


class Match(Protocol):
    """One match."""

    def span(self) -> tuple[int, int]:
        """Return where it begins, and where what follows begins, in characters."""
        ...


def compiled(pattern: str) -> Pattern:
    """Return a pattern ready for use; raises RedactionTargetError."""
    if not 0 < len(pattern) <= LONGEST:
        raise RedactionTargetError(
            reason=f"a pattern has 1 to {LONGEST} characters, not {len(pattern)}"
        )
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY
    try:
        made: Pattern = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise RedactionTargetError(reason=f"the pattern: {_told(error)}") from None
    for probe in PROBES:
        if any(start == end for start, end in _found(made, probe)):
            raise RedactionTargetError(reason="the pattern matches where nothing is")
    return made


def spans(pattern: Pattern, text: str) -> list[tuple[int, int]]:
    """Return where a pattern matches, from left to right, in characters."""
    return [(start, end) for start, end in _found(pattern, text) if start < end]


def _found(pattern: Pattern, text: str) -> list[tuple[int, int]]:
    # Half a surrogate pair is valid in JSON, and cannot be said in UTF-8.
    whole = text.encode("utf-8", "replace").decode()
    return [match.span() for match in pattern.finditer(whole)]


def _told(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode(errors="replace") if isinstance(first, bytes) else str(error)
