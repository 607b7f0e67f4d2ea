"""Finds credentials whose values are known, in any of their forms."""

import re
from collections.abc import Iterable, Iterator

from core.secrets.forms import SHORTEST, forms


class Known:
    """The values of our own credentials; `unmaskable` counts those that are too short.

    Each form is looked for by itself: one pattern of all of them would try each at each
    place, and a private key alone has a hundred.
    """

    def __init__(self, values: Iterable[str]) -> None:
        given = [value for value in values if value]
        self.unmaskable = sum(len(value.strip()) < SHORTEST for value in given)
        # The longest form first, so that none is left half behind.
        found = {form for value in given for form in forms(value)}
        self._forms = sorted(found, key=len, reverse=True)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where they stand, in order, not overlapping."""
        there = [form for form in self._forms if form in text]
        if there:
            pattern = re.compile("|".join(map(re.escape, there)))
            for match in pattern.finditer(text):
                yield match.span()
