"""Removes what a person cannot see but a model or a compiler reads."""

import re

# Marks of direction, of zero width, fillers, tags and variation selectors; the last
# two of the common selectors stay, for they choose how an emoji is drawn.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
SURROGATE = re.compile("[\ud800-\udfff]")


def strip_invisible(text: str) -> str:
    """Return the text with line feeds as line ends and without invisible characters.

    Half characters, as undecodable bytes of file names give them, become U+FFFD, so
    that the result can always be sent as UTF-8.
    """
    text = LINE_ENDS.sub("\n", text)
    return replace_halves(INVISIBLE.sub("", CONTROL.sub("", text)))


def replace_halves(text: str) -> str:
    """Return the text as it can be stored: half characters become U+FFFD."""
    return SURROGATE.sub("\ufffd", text)


def has_invisible(text: str) -> bool:
    """Say whether stripping would change more than the line ends."""
    return strip_invisible(text) != LINE_ENDS.sub("\n", text)
