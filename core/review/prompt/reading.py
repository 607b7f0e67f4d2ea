"""What a model says, as proposals on lines that were really shown, or on none."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.review.findings import ENCLOSING, SOURCE, TITLE, Proposal, Side
from core.review.prompt.enclosing import enclosing, qualified
from core.review.prompt.numbering import NumberedLine, References
from core.review.prompt.packing import Part
from core.review.prompt.schema import RULE, Said
from core.review.sanitize import clean_line, clean_prompt

NOT_THERE = "the model named a line that is not there"
OTHER_FILE = "the model named a file that was not part of its question"
NOT_RULE = re.compile(r"[^a-z0-9]+")
COPIED = re.compile(r"^[+\- ]?\d+#[0-9a-f]{2,64}\|")
FENCED = re.compile(r"\A```[^\n]*\n(.*?)\n?```\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    side: Side
    start: int | None
    line: int
    unplaced: str | None = None
    whole: bool = True


def proposals(
    said: Iterable[Said],
    parts: Sequence[Part],
    *,
    source: str,
    files: Mapping[str, bytes],
) -> tuple[Proposal, ...]:
    """Return the findings in one answer, each on its lines or `unplaced`.

    The words in them are cleaned, and cut to their lengths. `files` are those of the
    request, from which the definitions around the lines are told.
    """
    shown = {part.file.name: part for part in parts}
    lines = {
        name: References.to(line for piece in part.pieces for line in piece.lines)
        for name, part in shown.items()
    }
    made = (_proposal(one, shown, lines, source) for one in said)
    return tuple(_enclosed(one, files) for one in made)


def _proposal(
    one: Said,
    shown: Mapping[str, Part],
    lines: Mapping[str, References],
    source: str,
) -> Proposal:
    name = one.path.strip()
    part = shown.get(name)
    if part is None:
        place = _Place(clean_line(name) or "?", Side.RIGHT, None, 1, OTHER_FILE)
    else:
        place = _place(one, part, lines[name])
    placed = place.unplaced is None and place.whole and place.side is Side.RIGHT
    return Proposal(
        path=place.path,
        side=place.side,
        start_line=place.start,
        line=place.line,
        severity=one.severity,
        confidence=one.confidence,
        rule=NOT_RULE.sub("-", one.rule.lower()).strip("-")[:RULE] or "remark",
        title=clean_line(clean_prompt(one.title), limit=TITLE) or "Look here",
        body=clean_prompt(one.body).strip(),
        suggestion=_suggestion(one.suggestion) if placed else None,
        source=source[:SOURCE],
        unplaced=place.unplaced,
    )


def _enclosed(one: Proposal, files: Mapping[str, bytes]) -> Proposal:
    """Name the definition around a line at the head; the base's files are not here."""
    data = files.get(one.path)
    if data is None or one.unplaced is not None or one.side is Side.LEFT:
        return one
    name = qualified(enclosing(one.path, data, one.line))[:ENCLOSING]
    return one.model_copy(update={"enclosing": name})


def _place(one: Said, part: Part, references: References) -> _Place:
    """Return where a finding stands: on both its lines, on one of them, or nowhere.

    A range lies on one side of one hunk. Of two good lines that do not, the one at the
    head is taken, else the first.
    """
    path = part.file.path
    first, last = references.find(one.first), references.find(one.last)
    if first is None or last is None:
        only = last if first is None else first
        if only is not None:
            return _one(path, only)
        line = part.pieces[0].lines[0]
        return _Place(path, line.side, None, line.number, NOT_THERE)
    if first.side is not last.side or first.hunk_id != last.hunk_id:
        at_head = next((one for one in (first, last) if one.side is Side.RIGHT), first)
        return _one(path, at_head)
    start, end = sorted((first.number, last.number))
    return _Place(path, first.side, start if start < end else None, end)


def _one(path: str, line: NumberedLine) -> _Place:
    return _Place(path, line.side, None, line.number, whole=False)


def _suggestion(code: str | None) -> str | None:
    """Return code that can take the lines' place: without what a model copies along."""
    if code is None:
        return None
    if match := FENCED.match(code.strip()):
        code = match[1]
    lines = code.replace("\r\n", "\n").split("\n")
    copied = [bool(COPIED.match(line)) for line in lines]
    if any(copied):
        if not all(mark or not line for mark, line in zip(copied, lines, strict=True)):
            return None
        lines = [COPIED.sub("", line) for line in lines]
    return "\n".join(lines)
