"""A text as it is, and as whoever undoes what hides a secret in it would read it.

What cannot be seen is taken out; percent-encoding, the escapes of JSON and HTML, and
Base64 are undone, also several times over. Each layer knows where in the text a part of
it came from, so that what is found in it can be masked there.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.secrets.base64_runs import decoded

# So often is an encoding of an encoding undone; each costs one pass over the text.
DEEPEST = 5
# Base64 within Base64 within Base64.
NESTED = 3

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Marks of direction, of zero width, fillers, tags, and all variation selectors.
INVISIBLE = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
ESCAPED = (
    r"(?:%[0-9A-Fa-f]{2})+"
    r"|\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[nrt\"'/\\])"
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);"
)
# The second is far slower, and text that is plain ASCII has nothing for it.
IN_ASCII = re.compile(ESCAPED)
ANYWHERE = re.compile(f"{INVISIBLE}|{ESCAPED}")
# Tags can spell a text of their own, unseen: each stands for a character of ASCII.
TAGS = re.compile("[\U000e0020-\U000e007e]{8}")
SPELT = {0xE0000 + code: code for code in range(0x20, 0x7F)}
LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
LAST, HEX = 0x10FFFF, 16

Span = tuple[int, int]
Back = Callable[[int, int], Span]


@dataclass(frozen=True, slots=True)
class Layer:
    """One reading of a text; `back` turns a span of it into one of that text."""

    text: str
    back: Back


def layers(text: str) -> Iterator[Layer]:
    """Yield the text itself, and each other reading of it.

    Takes time in proportion to the text, whatever is in it.
    """
    yield from _layers(Layer(text, same), NESTED, set())


def may_hide(text: str) -> bool:
    """Return whether an escape or what cannot be seen is in a text, Base64 aside."""
    is_plain = text.isascii() and not CONTROL.search(text)
    pattern = IN_ASCII if is_plain else ANYWHERE
    return pattern.search(text) is not None


def _layers(first: Layer, nested: int, seen: set[str]) -> Iterator[Layer]:
    for layer in _unescaped(first):
        yield layer
        if nested and (inner := decoded(layer.text, seen)):
            back = _through(inner.back, layer.back)
            yield from _layers(Layer(inner.text, back), nested - 1, seen)


def _unescaped(layer: Layer) -> Iterator[Layer]:
    yield layer
    if TAGS.search(layer.text):
        yield Layer(layer.text.translate(SPELT), layer.back)
    for _ in range(DEEPEST):
        pieces = _pieces(layer.text)
        if pieces is None:
            return
        layer = Layer(pieces.text(), _through(pieces.back, layer.back))
        yield layer


def same(start: int, end: int) -> Span:
    """Return a span as it is: where nothing was undone, it stays."""
    return start, end


def _through(inner: Back, outer: Back) -> Back:
    return lambda start, end: outer(*inner(start, end))


class _Pieces:
    """A text put together from pieces of another, each as it was or undone."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        # Where each piece begins, here and there, and how long it was there.
        self._here, self._there = array("q"), array("q")
        self._long = array("q")
        self._end = 0

    def add(self, text: str, there: int, long: int) -> None:
        if text:
            self._texts.append(text)
            self._here.append(self._end)
            self._there.append(there)
            self._long.append(long)
            self._end += len(text)

    def text(self) -> str:
        return "".join(self._texts)

    def back(self, start: int, end: int) -> Span:
        first = bisect_right(self._here, start) - 1
        last = bisect_left(self._here, end) - 1
        at, until = self._there[first], self._there[last] + self._long[last]
        if self._is_as_it_was(first):
            at += start - self._here[first]
        if self._is_as_it_was(last):
            until = self._there[last] + end - self._here[last]
        return at, until

    def _is_as_it_was(self, piece: int) -> bool:
        # Whatever is undone was longer.
        return len(self._texts[piece]) == self._long[piece]


def _pieces(text: str) -> _Pieces | None:
    """Undo one encoding everywhere in a text; None when there is none."""
    is_plain = text.isascii() and not CONTROL.search(text)
    pieces, last = _Pieces(), 0
    for match in (IN_ASCII if is_plain else ANYWHERE).finditer(text):
        start, end = match.span()
        pieces.add(text[last:start], last, start - last)
        if text[start] == "%":
            _add_bytes(pieces, match[0], start)
        else:
            pieces.add(_undone(match[0]), start, end - start)
        last = end
    if not last:
        return None
    pieces.add(text[last:], last, len(text) - last)
    return pieces


def _add_bytes(pieces: _Pieces, escaped: str, start: int) -> None:
    """Add what `%c3%a9` and the like stand for, each character by itself."""
    data = bytes.fromhex(escaped.replace("%", ""))
    for character in data.decode("utf-8", "surrogateescape"):
        long = 3 * len(character.encode("utf-8", "surrogateescape"))
        pieces.add(character, start, long)
        start += long


def _undone(match: str) -> str:
    """Return what an escape stands for; nothing for what cannot be seen."""
    if match[0] == "\\":
        kind = match[1]
        return chr(int(match[2:], HEX)) if kind in "ux" else LETTERS.get(kind, kind)
    if match[0] != "&":
        return ""
    name = match[1:-1]
    if name in NAMED:
        return NAMED[name]
    code = int(name[2:], HEX) if name[1] in "xX" else int(name[1:])
    return chr(code) if code <= LAST else "\ufffd"
