"""JSON values as a merge tells them apart: 1, 1.0 and true are three values."""

import json
import math
from collections.abc import Iterable
from enum import Enum, StrEnum
from typing import Any, Final

from core.errors import StateNotJsonError, StateTooDeepError

MOST_LEVELS = 100
LARGEST_INTEGER = 2**53 - 1


class Absent(Enum):
    """The one value that stands where there is no value: null is a value."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


class JsonType(StrEnum):
    """The six types that JSON knows."""

    NULL = "null"
    BOOLEAN = "boolean"
    NUMBER = "number"
    STRING = "string"
    ARRAY = "array"
    OBJECT = "object"


# A boolean is a number to Python, so it has to be asked for first.
_TYPES: tuple[tuple[type, JsonType], ...] = (
    (type(None), JsonType.NULL),
    (bool, JsonType.BOOLEAN),
    (int, JsonType.NUMBER),
    (float, JsonType.NUMBER),
    (str, JsonType.STRING),
    (list, JsonType.ARRAY),
    (dict, JsonType.OBJECT),
)


def json_type(value: Any) -> JsonType | None:
    """Return the type of `value`, None for ABSENT and for what is not JSON."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), None)


def text_of(value: Any) -> str:
    """Return a text that two values share only when they are the same in every bit.

    RFC 8785 writes 1.0 as 1 and -0.0 as 0, so its text will not do here.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def same(one: Any, other: Any) -> bool:
    """Tell whether two values, or their absence, are the same."""
    if one is other:
        return True
    if one is ABSENT or other is ABSENT:
        return False
    # Python's own comparison is the quick one, but takes 1, 1.0 and true as equal.
    return bool(one == other) and text_of(one) == text_of(other)


def check_json(value: Any) -> None:
    """Refuse what has no canonical JSON.

    Raises StateTooDeepError past 100 levels, the scalars counted, and StateNotJsonError
    for NaN, a whole number past 2^53, half a character, a type JSON does not know.
    """
    level: list[Any] = [value]
    for _ in range(MOST_LEVELS):
        level = [child for one in level for child in _children(one)]
        if not level:
            return
    raise StateTooDeepError(limit=MOST_LEVELS)


def _children(value: Any) -> Iterable[Any]:
    kind = json_type(value)
    if kind is JsonType.OBJECT:
        for key in value:
            _check_key(key)
        return list(value.values())
    if kind is JsonType.ARRAY:
        return list(value)
    _check_scalar(value, kind)
    return ()


def _check_key(key: Any) -> None:
    if not isinstance(key, str):
        raise StateNotJsonError(reason=f"the name {key!r} is not a string")
    _check_text(key)


def _check_scalar(value: Any, kind: JsonType | None) -> None:
    if kind is None:
        raise StateNotJsonError(reason=f"{type(value).__name__} is not a JSON type")
    if kind is JsonType.STRING:
        _check_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise StateNotJsonError(reason=f"{value} is not a number in JSON")
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise StateNotJsonError(reason="a whole number is past 2^53")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise StateNotJsonError(reason="a string holds half a character") from error
