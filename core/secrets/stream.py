"""Masks values by the thousand: most are proven to have no secret, many at once.

What a Masker does to a value takes half a millisecond, for whatever can be hidden in
it. Of many values in a row almost none hides anything, and that is shown for all of
them by a few passes over all their texts. Where it is not, a value is masked by itself.
"""

import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import re2

from core.secrets.base64_runs import decoded, runs_that_hide
from core.secrets.forms import SHORTEST
from core.secrets.layers import CONTROL, may_hide
from core.secrets.marks import Found
from core.secrets.masker import Masker
from core.secrets.packed import packed_in, without_packed
from core.secrets.texts import BETWEEN, LONGEST_VALUE, JsonValue

# As often are those that were found left out, and the rest is looked at again.
ROUNDS = 4
# What a row has that must be read to know its texts: escapes, what may be one once it
# is read, blanks that may stand between JSON's own signs, lists, whose texts have their
# list's key.
STRANGE = re.compile(rb'[\\%&\x00-\x1f\x7f-\xff]|": |" | "|:\[')
GAP = BETWEEN.encode()
# Line ends stand between the values too.
CONTROLS = re.compile(CONTROL.pattern.encode("latin-1"))


class StreamMasker:
    """Masks values as a Masker does, and Base64 of what is packed beside that.

    What is packed, such as a zip, may hold a secret that only unpacking would show.
    """

    def __init__(self, masker: Masker) -> None:
        self._masker = masker

    def changed(self, values: Sequence[JsonValue]) -> dict[int, JsonValue]:
        """Return those values that masking changes, masked, by their place."""
        chunk = _Chunk(values)
        packed = chunk.places_of(packed_in(chunk.plain))
        changed: dict[int, JsonValue] = {}
        for at in sorted(self._doubtful(chunk) | packed):
            value = without_packed(values[at]) if at in packed else values[at]
            masked = self._masker.mask_json(value)
            if masked != values[at]:
                changed[at] = masked
        return changed

    def doubtful_rows(self, rows: Sequence[bytes]) -> set[int]:
        """Return which of some JSON objects may not be taken as they are, unread.

        Each is written without blanks, as nofx writes its log. Those that are proven
        clean have nothing that `changed` would change.
        """
        strange, plain = set[int](), b"\n".join(rows)
        if _any_strange().search(plain) is not None:
            strange = {at for at, row in enumerate(rows) if STRANGE.search(row)}
            clear = (row for at, row in enumerate(rows) if at not in strange)
            plain = b"\n".join(clear)
        hides = packed_in(plain) or self._shows(plain) or self._telling(plain)
        return set(range(len(rows))) if hides else strange

    def _shows(self, rows: bytes) -> bool:
        """Return whether a secret stands in rows without escapes, as it is.

        In these each quote is one of JSON's own: the texts as they stand, and with
        their keys, are had without reading it.
        """
        texts = [one for one in rows.split(b'"')[1::2] if len(one) >= SHORTEST]
        keyed = rows.replace(b'":"', b' = "').replace(b'","', b'"' + GAP)
        text = GAP.join([*texts, keyed])
        return not self._masker.stands_free(text, rows)

    def masked(self, value: JsonValue) -> JsonValue:
        """Return one value without its secrets."""
        return self.changed([value]).get(0, value)

    def text(self, text: str) -> str:
        """Return a text without its secrets."""
        return self._masker.mask(str(without_packed(text)))

    def _doubtful(self, chunk: "_Chunk") -> set[int]:
        """Return the values that are not proven clean."""
        places = range(len(chunk.texts))
        seen = _owners(chunk, places, self._masker.found_plainly)
        veiled = [
            at
            for at in places
            if at not in seen and (at in chunk.wrapped or chunk.may_hide(at))
        ]
        hidden = _owners(chunk, veiled, self._masker.found)
        return seen | hidden | chunk.places_of(self._telling(chunk.plain))

    def _telling(self, plain: bytes) -> list[bytes]:
        """Return the runs of Base64 that have a secret in them."""
        runs = runs_that_hide(plain)
        joined = BETWEEN.join(run.decode() for run in runs)
        inner = decoded(joined, set()) if runs else None
        if inner is None:
            return []
        starts = [0, *accumulate(len(run) + len(BETWEEN) for run in runs)]
        telling = list[bytes]()
        for one in self._masker.found(inner.text):
            start, end = inner.back(one.start, one.end)
            first = bisect_right(starts, start) - 1
            telling += runs[first : bisect_left(starts, end)]
        return telling


@functools.cache
def _any_strange() -> Any:
    """Return what looks for STRANGE in many rows, several times as fast."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    # Between the rows stand line ends.
    pattern = STRANGE.pattern.replace(rb"\x00-\x1f", rb"\x00-\x09\x0b-\x1f")
    return re2.compile(pattern, options)


def _owners(
    chunk: "_Chunk", places: Iterable[int], find: Callable[[str], Iterable[Found]]
) -> set[int]:
    """Return those of the values in which something is found.

    Where many hide the same, it may be found in the first of them alone.
    """
    found, rest = set[int](), list(places)
    for _ in range(ROUNDS):
        row = _Row(chunk, rest)
        new = row.owners(find(row.text)) if rest else set[int]()
        if not new:
            return found
        found |= new
        rest = [at for at in rest if at not in new]
    return found.union(rest)


class _Chunk:
    """The texts of each value in a row, as the Masker reads those of one.

    `plain` is all of them once, `wrapped` are the values with texts of several lines.
    """

    def __init__(self, values: Sequence[JsonValue]) -> None:
        self.texts: list[str] = []
        self.wrapped = set[int]()
        plain: list[bytes] = []
        for at, value in enumerate(values):
            read, once = list[str](), list[str]()
            _read(value, "", read, once)
            self.texts.append(BETWEEN.join(read))
            line = " ".join(once)
            if "\n" in line:
                self.wrapped.add(at)
            plain.append(line.encode("utf-8", "replace"))
        self.plain = b"\n".join(plain)
        self._starts = [0, *accumulate(len(one) + 1 for one in plain)]
        # Looking for an escape takes long, and for what each has very little.
        self._is_controlled = CONTROLS.search(self.plain) is not None

    def may_hide(self, at: int) -> bool:
        """Return whether an escape or what cannot be seen is in a value."""
        text = self.texts[at]
        may = "%" in text or "\\" in text or "&" in text or not text.isascii()
        return (may or self._is_controlled) and may_hide(text)

    def places_of(self, runs: Iterable[bytes]) -> set[int]:
        """Return the values in which one of the runs stands."""
        found = set[int]()
        for run in runs:
            at = self.plain.find(run)
            while at >= 0:
                place = bisect_right(self._starts, at) - 1
                found.add(place)
                at = self.plain.find(run, self._starts[place + 1])
        return found


class _Row:
    """The texts of some of the values, one after the other."""

    def __init__(self, chunk: _Chunk, places: Sequence[int]) -> None:
        texts = [chunk.texts[at] for at in places]
        self.text = BETWEEN.join(texts)
        self._places = places
        self._starts = [0, *accumulate(len(one) + len(BETWEEN) for one in texts)]

    def owners(self, found: Iterable[Found]) -> set[int]:
        """Return the values that something that was found reaches into."""
        owners = set[int]()
        for one in found:
            first = max(0, bisect_right(self._starts, one.start) - 1)
            end = bisect_left(self._starts, one.end)
            owners.update(self._places[first:end])
        return owners


def _read(value: JsonValue, key: str, read: list[str], once: list[str]) -> None:
    """Add each text as it is, and with its key; see `Joined`, which does the same."""
    if isinstance(value, str):
        if len(value) >= SHORTEST:
            once.append(value)
            read.append(value)
            if key and len(value) <= LONGEST_VALUE:
                read.append(f'{key} = "{value}"')
    elif isinstance(value, dict):
        _read_fields(value, read, once)
    elif isinstance(value, Mapping):
        _read_fields(dict(value), read, once)
    elif isinstance(value, Sequence):
        for item in value:
            _read(item, key, read, once)


def _read_fields(
    fields: dict[str, JsonValue], read: list[str], once: list[str]
) -> None:
    """Add the texts of an object; one that is a text itself is the usual case."""
    for name, item in fields.items():
        if len(name) >= SHORTEST:
            read.append(name)
            once.append(name)
        if item.__class__ is not str:
            if item.__class__ is not int:
                _read(item, name, read, once)
        elif len(item) >= SHORTEST:
            once.append(item)
            read.append(item)
            if len(item) <= LONGEST_VALUE and name:
                read.append(f'{name} = "{item}"')
