"""Puts masks where secrets stand."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

# What a mask looks like; several may stand on lines of their own.
MASK = re.compile(r"\[masked:([\w./:-]{1,200})\]\s*")
# What stands before and behind the lines of a secret in a list of strings, a comment,
# or a quoted answer: without it, code around a mask would be no code any more.
BEFORE, BEHIND = " \t>|#*\"'", " \t\"',+\\\r"


class Found(NamedTuple):
    """Where a secret stands, and by which rule it was found."""

    start: int
    end: int
    rule: str

    def masks(self, text: str) -> list[str]:
        """Return the rules of the masks that it is made of; none if of more than masks.

        What stands for a password may be one already.
        """
        found = text[self.start : self.end]
        return [] if MASK.sub("", found) else MASK.findall(found)


def apart(found: Iterable[Found]) -> list[Found]:
    """Join what overlaps, under the rule of what starts first, then of the longest."""
    joined: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if joined and one.start < joined[-1].end:
            end = max(joined[-1].end, one.end)
            joined[-1] = joined[-1]._replace(end=end)
        else:
            joined.append(one)
    return joined


def everywhere(found: Iterable[Found], text: str) -> Iterator[Found]:
    """Yield what was found, and each other place where the same stands in the text.

    What hides something is undone once, however often it stands there.
    """
    rules = {text[one.start : one.end]: one.rule for one in found}
    for hiding, rule in rules.items():
        at = text.find(hiding) if hiding else -1
        while at >= 0:
            yield Found(at, at + len(hiding), rule)
            at = text.find(hiding, at + len(hiding))


def masked(text: str, found: Sequence[Found]) -> str:
    """Return a text with a mask for each secret; line ends stay where they are."""
    kept, at = list[str](), 0
    for start, end, rule in found:
        mask = f"[masked:{rule}]"
        kept += (text[at:start], *_lines(text[start:end], mask))
        at = end
    return "".join([*kept, text[at:]])


def _lines(secret: str, mask: str) -> Iterator[str]:
    """Yield the mask for each line of a secret, within what frames the line."""
    if "\n" not in secret:
        yield mask
        return
    *lines, last = secret.split("\n")
    for line in lines:
        yield f"{_framed(line, line.rstrip(BEHIND), mask)}\n"
    yield _framed(last, last, mask)


def _framed(line: str, cut: str, mask: str) -> str:
    inner = cut.lstrip(BEFORE)
    if not inner:
        return line
    begin = len(cut) - len(inner)
    return f"{line[:begin]}{mask}{line[len(cut) :]}"
