"""Finds credentials whose values are known, in any of their forms."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import re2

from core.secrets.forms import SHORTEST, forms

# So much of each form is looked for first; whole keys would take megabytes.
BEGINNING = 12


class Known:
    """The values of our own credentials; `unmaskable` counts those that are too short.

    Whether there may be one is asked of RE2, which looks for what they all begin with
    at once; Python's own patterns would try each of a hundred at each place.
    """

    def __init__(self, values: Iterable[str]) -> None:
        given = [value for value in values if value]
        self.unmaskable = sum(len(value.strip()) < SHORTEST for value in given)
        # The longest form first, so that none is left half behind.
        found = {form for value in given for form in forms(value)}
        self._forms = sorted(found, key=len, reverse=True)
        self._any: Any = None
        if found:
            begins = sorted({_utf8(form[:BEGINNING]) for form in found})
            options = re2.Options()
            options.log_errors = False
            self._any = re2.compile(b"|".join(map(re2.escape, begins)), options)

    def are_in(self, text: str) -> bool:
        """Return whether one of them stands in a text."""
        return any(True for _ in self.find(text))

    def may_be_in(self, data: bytes) -> bool:
        """Return whether the beginning of one of them stands in UTF-8."""
        return self._any is not None and self._any.search(data) is not None

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where they stand, in order, not overlapping."""
        if not self.may_be_in(_utf8(text)):
            return
        if there := [form for form in self._forms if form in text]:
            pattern = re.compile("|".join(map(re.escape, there)))
            for match in pattern.finditer(text):
                yield match.span()


def _utf8(text: str) -> bytes:
    # Half characters are no UTF-8, and RE2 would not take them.
    return text.encode("utf-8", "replace")
