"""The words of an event, by which it can be searched."""

import re
from collections.abc import Iterator

from core.events.base import JSON

WORD = re.compile(r"\w+")
SHORTEST = 2
LONGEST = 40


def words_of(text: str) -> frozenset[str]:
    """Return a text's words: letters, digits and `_`, upper and lower case as one.

    Shorter ones than two characters say nothing; longer ones than forty count by their
    beginning.
    """
    found = (word.casefold()[:LONGEST] for word in WORD.findall(text))
    return frozenset(word for word in found if len(word) >= SHORTEST)


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
