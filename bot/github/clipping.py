"""Texts cut to GitHub's lengths, so that whoever reads them sees that they were cut."""

import re

CUT_NOTE = "\n\n*Cut here: GitHub takes at most {limit:,} characters.*"
CHECK_TEXT = 65_535
COMMENT_TEXT = 65_536
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


def clip(text: str, limit: int, *, tail: str = "") -> str:
    """Return `text` and then `tail` in at most `limit` characters.

    What is too long is cut from the text, never from the tail (a marker stands there).
    A cut text says so in its last sentence, and a code block left open is closed.
    """
    if len(text) + len(tail) <= limit:
        return text + tail
    note = CUT_NOTE.format(limit=limit)
    room = limit - len(tail) - len(note)
    kept = text[:room]
    fence = open_fence(kept)
    if fence:
        closing = f"\n{fence}"
        kept = kept[: room - len(closing)]
        kept += closing if open_fence(kept) else ""
    return kept + note + tail


def open_fence(text: str) -> str:
    """Return the fence of the code block that `text` leaves open, or nothing."""
    fence = ""
    for match in _FENCE.finditer(text):
        mark = match.group(1)
        if not fence:
            fence = mark
        elif mark.startswith(fence):
            fence = ""
    return fence
