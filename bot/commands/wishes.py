"""Reads what is to be remembered or forgotten from the words of a command; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from core.errors import ItemMalformedError
from core.memory.preferences import (
    LONGEST_LIST,
    LONGEST_NAME,
    LONGEST_TEXT,
    Value,
    Wish,
    type_of,
)

ALL, REPOSITORY = "--all", "--repository"
NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_./-]{0,59})=(\S.*)", re.DOTALL)
LIST = re.compile(r"\[(.*)\]", re.DOTALL)
NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
FLAGS = {
    "yes": True,
    "true": True,
    "on": True,
    "no": False,
    "false": False,
    "off": False,
}
BECAUSE = " because "
# What is said of each part that does not fit, to people who never saw the code.
LIMITS = {
    "name": f"a name has at most {LONGEST_NAME} letters, digits and ./_-",
    "type": "a number has to be one",
    "value": (
        f"a preference has 1 to {LONGEST_TEXT} characters,"
        f" or {LONGEST_LIST} such texts in a list"
    ),
    "why": f"what follows `because` has at most {LONGEST_TEXT} characters",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A preference for a pull request, or for its whole repository."""

    wish: Wish
    repository: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """The numbers of what is to be forgotten, None for all of it."""

    numbers: tuple[int, ...] | None
    repository: bool


def wanted_of(words: Sequence[str], *, name: str) -> Wanted:
    """Read `[--repository] [name=]value [because …]`; `name` is for what has none.

    `yes` and `no` are flags, digits a number, `[a, b]` a list, and everything else is
    text. Raises ItemMalformedError.
    """
    repository, words = _without(words, REPOSITORY)
    text, _, why = " ".join(words).partition(BECAUSE)
    named = NAMED.fullmatch(text.strip())
    value: Value = text.strip()
    if named is not None:
        name, value = named[1].lower(), _value(named[2].strip())
    try:
        wish = Wish(name=name, type=type_of(value) or "text", value=value, why=why)
    except ValidationError as error:
        places = {one["loc"][0] for one in error.errors() if one["loc"]}
        reason = " and ".join(LIMITS[str(one)] for one in sorted(places, key=str))
        raise ItemMalformedError(reason=reason or "it is no preference") from None
    return Wanted(wish=wish, repository=repository)


def unwanted_of(words: Sequence[str]) -> Unwanted:
    """Read `<number…>|--all [--repository]`; raises ItemMalformedError."""
    repository, words = _without(words, REPOSITORY)
    everything, words = _without(words, ALL)
    numbers = [word.strip(",.#") for word in words]
    if any(not re.fullmatch(r"\d{1,9}", one) for one in numbers):
        raise ItemMalformedError(reason="what is forgotten is named by its number")
    if everything == bool(numbers):
        raise ItemMalformedError(reason=f"name numbers, or {ALL}")
    return Unwanted(
        numbers=None if everything else tuple(map(int, numbers)),
        repository=repository,
    )


def _without(words: Sequence[str], option: str) -> tuple[bool, list[str]]:
    """Take an option from the beginning or the end, where it is no part of a text."""
    left = list(words)
    for place in (0, -1):
        if left and left[place] == option:
            left.pop(place)
            return True, left
    return False, left


def _value(text: str) -> Value:
    if text.lower() in FLAGS:
        return FLAGS[text.lower()]
    if listed := LIST.fullmatch(text):
        return tuple(part.strip() for part in listed[1].split(",") if part.strip())
    if NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
