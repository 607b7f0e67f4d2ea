"""Which findings say what was expected: pure, so that a score can be had again.

A finding that was expected stands where it was expected, within a few lines; or, where
no line is known, it has enough of the expected words. Each is matched once, the surest
pairs first, so that ten remarks on one bug are one hit and nine times noise.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.review.evaluation.case import Expected
from core.review.findings import Finding

# Reviewers point at a call or at its line, at a head or at the first line under it.
NEAR = 3
ENOUGH_WORDS = 0.3
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
# Words that any remark on any code may have.
COMMON = frozenset(
    [
        *("the", "and", "for", "that", "this", "with", "not", "are", "will", "can"),
        *("may", "should", "when", "which", "into", "from", "has", "have", "its"),
        *("but", "instead", "does", "use", "used", "using", "code", "line", "value"),
        *("function", "method", "called", "call", "return", "returns"),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An expected remark, by its place in the list, and the finding that says it.

    `on_line` tells whether the finding stands on the very lines that were expected.
    """

    expected: int
    finding: int
    on_line: bool


def matches(
    expected: Sequence[Expected], findings: Sequence[Finding]
) -> tuple[Match, ...]:
    """Pair what was expected with what was found, each at most once."""
    pairs = [
        (-_sureness(one, finding), place, other)
        for place, one in enumerate(expected)
        for other, finding in enumerate(findings)
        if _sureness(one, finding) > 0
    ]
    taken: dict[int, int] = {}
    for _, place, other in sorted(pairs):
        if place not in taken and other not in taken.values():
            taken[place] = other
    return tuple(
        Match(
            expected=place,
            finding=other,
            on_line=_distance(expected[place], findings[other]) == 0,
        )
        for place, other in sorted(taken.items())
    )


def _sureness(expected: Expected, finding: Finding) -> float:
    """Return how surely a finding is the one that was expected; 0 for not at all."""
    if expected.path is not None and expected.path != finding.path:
        return 0
    alike = _alike(expected.text, f"{finding.title} {finding.body}")
    distance = _distance(expected, finding)
    if distance is None:
        return alike if alike >= ENOUGH_WORDS else 0
    if expected.side is not finding.side or distance > NEAR:
        return 0
    return 1 + alike + (NEAR - distance)


def _distance(expected: Expected, finding: Finding) -> int | None:
    """Return the lines between the two; 0 where they overlap, None without a line."""
    if expected.line is None:
        return None
    first = finding.start_line or finding.line
    lines = expected.lines
    if finding.line < lines.start:
        return lines.start - finding.line
    return max(0, first - (lines.stop - 1))


def _alike(one: str, other: str) -> float:
    """Return which share of the words of `one` stands in the other, from 0 to 1."""
    wanted, there = _words(one), _words(other)
    return len(wanted & there) / len(wanted) if wanted else 0.0


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in WORD.findall(text)) - COMMON
