"""Lines of hunks with number and content hash, so that a model can name one for sure.

A model that only counts is often a line or two off. It copies `12#a3` instead, and code
checks that line 12 really has that content: what does not match is no line at all.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.review.findings import Side
from core.review.hunks import Hunk, Line, LineKind
from core.review.sanitize import clean_code

SHORTEST = 2
MARKS = {LineKind.ADDED: "+", LineKind.REMOVED: "-", LineKind.CONTEXT: " "}
# What stands behind the bar was copied along with the reference, and is not looked at.
REFERENCE = re.compile(
    r"\s*([+-]?)\s*([0-9]{1,9})#([0-9A-Fa-f]{2,64})\s*(?:\|.*)?", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedLine:
    """A line as a model sees it, and the hunk that it belongs to.

    `number` counts in the file on `side`: the base for removed lines, else the head.
    `text` is one line without invisible characters.
    """

    hunk_id: str
    kind: LineKind
    side: Side
    number: int
    digest: str
    text: str

    @property
    def reference(self) -> str:
        """Return by which words a model names it: `12#a3`, or `-12#a3` at the base."""
        sign = "-" if self.side is Side.LEFT else ""
        return f"{sign}{self.number}#{self.digest}"

    @property
    def shown(self) -> str:
        """Return how it stands in a prompt, for example `12#a3|return 1`.

        Only what a finding can stand on has its number, for each costs four tokens:
        context is shown as in a diff, and so are empty lines.
        """
        if self.kind is LineKind.CONTEXT or not self.text.strip():
            return f"{MARKS[self.kind]}{self.text}".rstrip()
        return f"{self.reference}|{self.text}"


def numbered(hunks: Sequence[Hunk]) -> dict[str, tuple[NumberedLine, ...]]:
    """Return the lines of one file's hunks, by the hunk's id.

    No two of them have the same hash: equal lines are told apart by which of them it
    is, others by more digits. So a wrong number never has the right hash.
    """
    lines = [(hunk.id, line) for hunk in hunks for line in hunk.lines()]
    digests = _digests([line.text.strip() for _, line in lines])
    found: dict[str, list[NumberedLine]] = {hunk.id: [] for hunk in hunks}
    for (hunk_id, line), digest in zip(lines, digests, strict=True):
        found[hunk_id].append(_numbered(hunk_id, line, digest))
    return {hunk_id: tuple(listed) for hunk_id, listed in found.items()}


@dataclass(frozen=True, slots=True)
class References:
    """Finds the line that a reference names among those that were shown of a file."""

    lines: Mapping[tuple[Side, int, str], NumberedLine]

    @classmethod
    def to(cls, lines: Iterable[NumberedLine]) -> "References":
        """Return the references to these lines."""
        return cls({(one.side, one.number, one.digest): one for one in lines})

    def find(self, reference: str) -> NumberedLine | None:
        """Return the line if number, side and hash all fit; never one nearby."""
        match = REFERENCE.fullmatch(reference)
        if match is None:
            return None
        sign, number, digest = match.groups()
        side = Side.LEFT if sign == "-" else Side.RIGHT
        return self.lines.get((side, int(number), digest.lower()))


def _numbered(hunk_id: str, line: Line, digest: str) -> NumberedLine:
    side = Side.LEFT if line.new is None else Side.RIGHT
    return NumberedLine(
        hunk_id=hunk_id,
        kind=line.kind,
        side=side,
        number=(line.old if line.new is None else line.new) or 0,
        digest=digest,
        # A carriage return inside would let one line pass as two.
        text=clean_code(line.text.rstrip("\r")).replace("\n", " "),
    )


def _digests(texts: Sequence[str]) -> list[str]:
    """Return for each text the first digits that no other one has."""
    seen: Counter[str] = Counter()
    whole: list[str] = []
    for text in texts:
        again = f"\0{seen[text]}" if seen[text] else ""
        seen[text] += 1
        data = (text + again).encode("utf-8", "surrogatepass")
        whole.append(hashlib.sha256(data).hexdigest())
    ordered = sorted(whole)
    needed = dict.fromkeys(whole, SHORTEST)
    for before, after in pairwise(ordered):
        alike = _shared(before, after) + 1
        needed[before] = max(needed[before], alike)
        needed[after] = max(needed[after], alike)
    return [one[: needed[one]] for one in whole]


def _shared(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=True))
    return next((place for place, (a, b) in pairs if a != b), len(one))
