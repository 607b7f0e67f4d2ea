"""The code around findings as a second look is shown it.

Lines have numbers but no hashes, for the answer names claims and not lines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.review.findings import Finding, Side
from core.review.hunks import FilePatch, LineKind
from core.review.sanitize import clean_code, clean_line

MARKS = {LineKind.ADDED: "+", LineKind.REMOVED: "-", LineKind.CONTEXT: " "}
LONGEST_LINE = 400
GAP = "..."


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of a file or of a hunk, with its number on each side where it stands."""

    mark: str
    old: int | None
    new: int | None
    text: str

    @property
    def shown(self) -> str:
        """Return how it stands in a question, for example `+12|return 1`."""
        text = clean_code(self.text.rstrip("\r")).replace("\n", " ")
        cut = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} (cut)"
        return f"{self.mark}{self.new or self.old}|{cut}"


def lines_of(patches: Sequence[FilePatch], source: bytes | None) -> list[CodeLine]:
    """Return a file's lines at the head, and between them those that were removed.

    Without the file, which is absent or too large, only what the diff shows.
    """
    hunks = sorted(
        (hunk for patch in patches for hunk in patch.hunks),
        key=lambda hunk: (hunk.new_start, hunk.old_start),
    )
    text = (source or b"").decode("utf-8", "replace").removesuffix("\n")
    texts = text.split("\n") if text else []
    lines: list[CodeLine] = []
    at = 1
    for hunk in hunks:
        # A hunk that only removes is numbered by the line before it.
        first = hunk.new_start if hunk.new_count else hunk.new_start + 1
        lines += _between(texts, at, first)
        lines += (CodeLine(MARKS[x.kind], x.old, x.new, x.text) for x in hunk.lines())
        at = max(at, first + hunk.new_count)
    return [*lines, *_between(texts, at, len(texts) + 1)]


def around(
    lines: Sequence[CodeLine], findings: Sequence[Finding], above: int, below: int
) -> str | None:
    """Return the lines near the findings, and what is in between as a gap.

    None when the lines of one of them are nowhere.
    """
    wanted: set[int] = set()
    for one in findings:
        span = _span(lines, one)
        if not span:
            return None
        wanted |= set(range(max(0, span[0] - above), span[-1] + 1 + below))
    shown: list[str] = []
    for place, line in enumerate(lines):
        if place in wanted:
            shown.append(line.shown)
        elif not shown or shown[-1] != GAP:
            shown.append(GAP)
    return "\n".join(shown)


def claim(name: str, finding: Finding, *, longest: int) -> str:
    """Return what is claimed, in one paragraph that begins with its name."""
    start = finding.start_line or finding.line
    lines = f"line {start}" if start == finding.line else f"{start} to {finding.line}"
    side = " of the old file" if finding.side is Side.LEFT else ""
    within = f", in {clean_line(finding.enclosing)}" if finding.enclosing else ""
    body = clean_line(finding.body, limit=longest)
    words = f"{clean_line(finding.title)}. {body}".strip()
    return f"{name}, {lines}{side}{within}, {finding.severity}: {words}"


def _between(texts: Sequence[str], start: int, end: int) -> Iterator[CodeLine]:
    for number in range(start, min(end, len(texts) + 1)):
        yield CodeLine(" ", None, number, texts[number - 1])


def _span(lines: Sequence[CodeLine], finding: Finding) -> range:
    start = finding.start_line or finding.line
    left = finding.side is Side.LEFT
    places = [
        place
        for place, line in enumerate(lines)
        if (number := line.old if left else line.new) is not None
        and start <= number <= finding.line
    ]
    return range(places[0], places[-1] + 1) if places else range(0)
