"""Texts that must go, and the forms in which they may lie somewhere; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.secrets.forms import forms

# Shorter texts turn up by chance: they are cut where they were named, nowhere else.
SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Needles:
    """Texts to be cut out, and the mark that is left in their place."""

    texts: tuple[str, ...]
    mark: str
    _pattern: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {
            form
            for text in self.texts
            if len(text.strip()) >= SHORTEST
            for form in forms(text)
        }
        joined = "|".join(map(re.escape, sorted(found, key=len, reverse=True)))
        object.__setattr__(self, "_pattern", re.compile(joined) if joined else None)

    def are_in(self, text: str) -> bool:
        """Return whether one of them stands in a text, in some form."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def cut(self, text: str) -> str:
        """Return a text with the mark in the place of each of them."""
        return self._pattern.sub(self.mark, text) if self._pattern else text

    def spans_in(self, text: str) -> tuple[tuple[int, int], ...]:
        """Return from where to where each of them stands in a text."""
        if self._pattern is None:
            return ()
        return tuple(found.span() for found in self._pattern.finditer(text))

    def are_in_json(self, value: Any) -> bool:
        """Return whether one of them stands in a JSON value, names included."""
        return any(map(self.are_in, _texts(value)))

    def cut_json(self, value: Any) -> Any:
        """Return a JSON value with each of them cut out of its texts, names too."""
        match value:
            case str():
                return self.cut(value)
            case Mapping():
                return {
                    self.cut(name): self.cut_json(item) for name, item in value.items()
                }
            case list() | tuple():
                return [self.cut_json(item) for item in value]
            case _:
                return value


def _texts(value: Any) -> Iterable[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for name, item in value.items():
                yield name
                yield from _texts(item)
        case Sequence():
            for item in value:
                yield from _texts(item)
        case _:
            return
