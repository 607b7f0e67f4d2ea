"""What is shown of a value: not all of a long one, and no secret that was masked."""

import re
from typing import Any, NamedTuple

from core.checkpoints.diff.exactly import bits
from core.checkpoints.json_values import text_of

# What masking and redaction leave in a text.
MARK = re.compile(r"\[(?:masked|redacted|removed):[\w./:-]{1,200}\]|█████|░░░░░")
# The same in bytes, where all of a value is looked through at once.
MARK_BYTES = re.compile(MARK.pattern.encode())
# How many characters of JSON one byte of `bits` becomes at most: \\u0000.
WIDEST = 6


class Shown(NamedTuple):
    """A value as it is shown; `cut` if that is its beginning, `marked` by a mask."""

    value: Any
    cut: bool = False
    marked: bool = False


def shown(value: Any, most: int) -> Shown:
    """Return what is shown of a value: at most `most` characters, if it is long."""
    if isinstance(value, str):
        return _text(value, most, marked=is_marked(value))
    if not isinstance(value, dict | list):
        return Shown(value)
    data = bits(value)
    if isinstance(data, str):
        return _text(data, most, marked=is_marked(data))
    marked = MARK_BYTES.search(data) is not None
    if len(data) * WIDEST > most:
        text = text_of(value)
        if len(text) > most:
            return _text(text, most, marked=marked)
    return Shown(value, marked=marked)


def is_marked(text: str) -> bool:
    """Tell whether a secret was masked, or something redacted, in a text."""
    return MARK.search(text) is not None


def _text(text: str, most: int, *, marked: bool) -> Shown:
    if len(text) <= most:
        return Shown(text, marked=marked)
    return Shown(f"{text[:most]}…", cut=True, marked=marked)
