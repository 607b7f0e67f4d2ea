"""The words of an event, by which it can be searched."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from core.events.base import JSON

LONGEST = 40
ASCII_WORD = re.compile(r"\w\w+", re.ASCII)
# Thai, Lao, Burmese, Khmer, Japanese and Chinese put no space between words.
UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
UNSPACED += r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"(?P<unspaced>[{UNSPACED}]+)|(?:(?![{UNSPACED}])\w)+")


def words_of(text: str) -> frozenset[str]:
    """Return a text's words: letters, digits and `_`, upper and lower case as one.

    One ASCII character alone says nothing; words longer than forty characters count by
    their beginning. Of scripts without spaces each letter counts as a word, and each
    pair of neighbours, so that any part of a text finds it.
    """
    if text.isascii():
        return frozenset(one[:LONGEST] for one in ASCII_WORD.findall(text.lower()))
    folded = unicodedata.normalize("NFKC", text).casefold()
    found = WORD.finditer(unicodedata.normalize("NFKC", folded))
    words = (word for one in found for word in _parts(one))
    return frozenset(one for one in words if len(one) > 1 or not one.isascii())


def _parts(found: re.Match[str]) -> Iterator[str]:
    run = found[0]
    if found["unspaced"] is None:
        yield run[:LONGEST]
        return
    yield from run
    for pair in pairwise(run):
        yield "".join(pair)


def words_in(kind: str, data: JSON) -> frozenset[str]:
    """Return the words of an event's type and of every text in its data.

    What the fields are called does not count.
    """
    return words_of(" ".join([kind, *_texts(data)]))


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case _:
            return
