"""The texts in a JSON value, found and changed; pure."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any


def texts_of(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value: names, and numbers as they are written."""
    match value:
        case Mapping():
            for name, part in value.items():
                yield name
                yield from texts_of(part)
        case list():
            for part in value:
                yield from texts_of(part)
        case _ if (text := text_of(value)) is not None:
            yield text
        case _:
            return


def text_of(value: Any) -> str | None:
    """Return a text, or a number as it is written; None for all else."""
    match value:
        case str():
            return value
        case bool() | None:
            return None
        case int() | float():
            return json.dumps(value)
        case _:
            return None


def put(text: str, found: Sequence[tuple[int, int]], mark: str) -> str:
    """Return a text with a mark in each of the places, which come in order."""
    for start, end in reversed(found):
        text = text[:start] + mark + text[end:]
    return text


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with each of its texts changed; a number only if it does."""
    match value:
        case Mapping():
            return {change(name): mapped(part, change) for name, part in value.items()}
        case list():
            return [mapped(part, change) for part in value]
        case _:
            text = text_of(value)
            changed = change(text) if text is not None else None
            return value if changed == text else changed
