"""All texts of a JSON value as one, for each search has a price of its own."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from core.secrets.forms import SHORTEST
from core.secrets.marks import Found, apart, masked

JsonValue = (
    Mapping[str, "JsonValue"] | Sequence["JsonValue"] | str | int | float | bool | None
)
# No secret reaches over it.
BETWEEN = "\n;;\n"
# The key of a longer text says nothing of what stands in it.
LONGEST_VALUE = 2000


class Joined:
    """The texts of a value in a row: each by itself, and as `key = "…"`.

    Each stands there once, however often it comes.
    """

    def __init__(self, value: JsonValue) -> None:
        self._parts = list[str]()
        # Where each place begins in the whole, and which text it is.
        self._starts = list[int]()
        self._owners = list[tuple[str, str]]()
        self._end = 0
        self._there = set[tuple[str, str]]()
        for owner in _texts(value, ""):
            self._add(owner)
        self.text = "".join(self._parts)

    def rebuilt(self, value: JsonValue, spans: Sequence[Found]) -> JsonValue:
        """Return a copy of the value with masks where the whole has spans."""
        found: dict[tuple[str, str], list[Found]] = {}
        for span in spans:
            place = max(bisect_right(self._starts, span.start) - 1, 0)
            owner, at = self._owners[place], self._starts[place]
            start, end = max(span.start - at, 0), min(span.end - at, len(owner[1]))
            if start < end:
                found.setdefault(owner, []).append(Found(start, end, span.rule))
        new = {owner: masked(owner[1], apart(some)) for owner, some in found.items()}
        return copied(value, new)

    def _add(self, owner: tuple[str, str]) -> None:
        key, text = owner
        if owner in self._there or len(text) < SHORTEST:
            return
        self._there.add(owner)
        self._place(owner, "", text)
        if key and len(text) <= LONGEST_VALUE:
            self._place(owner, f'{key} = "', f'{text}"')

    def _place(self, owner: tuple[str, str], before: str, text: str) -> None:
        self._parts += (before, text, BETWEEN)
        self._starts.append(self._end + len(before))
        self._owners.append(owner)
        self._end += len(before) + len(text) + len(BETWEEN)


def _texts(value: JsonValue, key: str) -> Iterator[tuple[str, str]]:
    """Yield each text with its key; a key itself has none."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield "", name
            yield from _texts(item, name)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item, key)


def copied(
    value: JsonValue, new: Mapping[tuple[str, str], str], key: str = ""
) -> JsonValue:
    """Return a copy with new texts in the place of some, each named with its key."""
    if isinstance(value, str):
        return new.get((key, value), value)
    if isinstance(value, Mapping):
        return {
            new.get(("", name), name): copied(item, new, name)
            for name, item in value.items()
        }
    if isinstance(value, Sequence):
        return [copied(item, new, key) for item in value]
    return value
