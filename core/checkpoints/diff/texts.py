"""Shows how a text of lines changed, as the hunks of a unified diff."""

from collections.abc import Iterator

from core.checkpoints.diff.exactly import Pairs
from core.checkpoints.diff.sequences import shared

CONTEXT = 3
NO_NEWLINE = "\\ No newline at end of file"

Span = tuple[int, int, int, int]


def unified(before: str, after: str) -> str:
    """Return the hunks that lead from one text to the other, '' if they are equal.

    Lines end at line feeds alone. There is no head with names: texts here have none.
    """
    old, new = _lines(before), _lines(after)
    return "\n".join(
        line for hunk in _hunks(_spans(old, new)) for line in _written(hunk, old, new)
    )


def _lines(text: str) -> list[str]:
    """Return the lines, the last with a note if no line feed ends it."""
    lines = text.split("\n")
    if lines[-1]:
        lines[-1] += f"\n{NO_NEWLINE}"
    else:
        lines.pop()
    return lines


def _spans(old: list[str], new: list[str]) -> list[Span]:
    """Return from where to where lines of the one stand for lines of the other."""
    pairs: Pairs = [*shared(old, new), (len(old), len(new))]
    spans, was, now = list[Span](), 0, 0
    for one, other in pairs:
        if one > was or other > now:
            spans.append((was, one, now, other))
        was, now = one + 1, other + 1
    return spans


def _hunks(spans: list[Span]) -> list[list[Span]]:
    """Put together what so few lines part that they would be shown twice."""
    hunks: list[list[Span]] = []
    for span in spans:
        if hunks and span[0] - hunks[-1][-1][1] <= 2 * CONTEXT:
            hunks[-1].append(span)
        else:
            hunks.append([span])
    return hunks


def _written(hunk: list[Span], old: list[str], new: list[str]) -> Iterator[str]:
    first, last = hunk[0], hunk[-1]
    lead = min(CONTEXT, first[0])
    trail = min(CONTEXT, len(old) - last[1])
    was = _range(first[0] - lead, last[1] + trail)
    now = _range(first[2] - lead, last[3] + trail)
    yield f"@@ -{was} +{now} @@"
    at = first[0] - lead
    for one, end, other, stop in hunk:
        yield from (f" {line}" for line in old[at:one])
        yield from (f"-{line}" for line in old[one:end])
        yield from (f"+{line}" for line in new[other:stop])
        at = end
    yield from (f" {line}" for line in old[at : at + trail])


def _range(start: int, end: int) -> str:
    """Return lines as a hunk's head names them: counted from 1, 0 before the first."""
    size = end - start
    if size == 1:
        return f"{start + 1}"
    return f"{start + 1 if size else start},{size}"
