"""Where on a pull request GitHub accepts a comment, and what stands there.

Pure rules. One bad anchor makes GitHub refuse a whole review without naming it, and a
comment moved to the nearest hunk accuses code that nobody touched; so a line is placed
where it is or not at all, and only a range that overlaps a hunk is cut down to it.
"""

from dataclasses import dataclass
from functools import lru_cache

from core.review.findings import Side
from core.review.hunks import FilePatch, Hunk, Line, LineKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A place GitHub accepts: lines from 1 on `side`; `start_line` opens a range."""

    path: str
    side: Side
    start_line: int | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaceable:
    """No comment can stand there; `reason` is for people, without a full stop."""

    reason: str


def place(
    file: FilePatch, side: Side, start_line: int | None, line: int
) -> Anchor | Unplaceable:
    """Decide where a remark on `start_line` to `line` of `file` can be posted.

    Lines count from 1 in the file as it is on `side`; without `start_line` the remark
    is about one line. A range is cut to the hunk that it overlaps most, the first of
    equals, so the anchor's lines can differ from those asked for.
    """
    start = line if start_line is None else start_line
    if reason := _hopeless(file, start, line):
        return Unplaceable(reason=reason)
    overlaps = [
        overlap for hunk in file.hunks if (overlap := _overlap(hunk, side, start, line))
    ]
    if not overlaps:
        lines = f"line {line} is" if start == line else f"lines {start} to {line} are"
        version = "base" if side is Side.LEFT else "head"
        return Unplaceable(
            reason=f"{lines} outside the changed parts of {file.path} at the {version}"
        )
    best = max(overlaps, key=len)
    return Anchor(
        path=file.path,
        side=side,
        start_line=best[0] if len(best) > 1 else None,
        line=best[-1],
    )


def comment_fields(anchor: Anchor) -> dict[str, str | int]:
    """Return the fields that place a review comment in GitHub's REST API.

    `start_line` and `start_side` are given for ranges only: GitHub refuses a range that
    starts where it ends.
    """
    fields: dict[str, str | int] = {
        "path": anchor.path,
        "side": anchor.side.value,
        "line": anchor.line,
    }
    if anchor.start_line is not None:
        fields["start_side"] = anchor.side.value
        fields["start_line"] = anchor.start_line
    return fields


def touches_change(file: FilePatch, side: Side, start: int, end: int) -> bool:
    """Return whether the lines hold an added one (RIGHT) or a removed one (LEFT)."""
    return any(
        line.kind is not LineKind.CONTEXT for line in _lines(file, side, start, end)
    )


def code_of(file: FilePatch, side: Side, start: int, end: int) -> str:
    """Return the text of the lines from `start` to `end` that the diff shows.

    Joined by line feeds; empty where the diff shows none of them.
    """
    return "\n".join(line.text for line in _lines(file, side, start, end))


def _hopeless(file: FilePatch, start: int, line: int) -> str | None:
    if any("\udc80" <= char <= "\udcff" for char in file.path):
        return "the file's name is not UTF-8, so GitHub's API cannot name it"
    if start > line:
        return f"the range runs backwards, from line {start} to {line}"
    if file.binary:
        return f"{file.path} is binary"
    if not file.hunks:
        return f"the diff shows no lines of {file.path}"
    return None


def _overlap(hunk: Hunk, side: Side, start: int, end: int) -> range:
    span = hunk.span(side)
    return range(max(start, span.start), min(end + 1, span.stop))


def _lines(file: FilePatch, side: Side, start: int, end: int) -> list[Line]:
    found: list[Line] = []
    for hunk in file.hunks:
        if overlap := _overlap(hunk, side, start, end):
            first = hunk.span(side).start
            found += _on_side(hunk, side)[overlap.start - first : overlap.stop - first]
    return found


# Many remarks on one large hunk should not read it anew each time.
@lru_cache(maxsize=4)
def _on_side(hunk: Hunk, side: Side) -> tuple[Line, ...]:
    """Return the lines of one side; being gapless, their index gives their number."""
    if side is Side.LEFT:
        return tuple(line for line in hunk.lines() if line.old is not None)
    return tuple(line for line in hunk.lines() if line.new is not None)
