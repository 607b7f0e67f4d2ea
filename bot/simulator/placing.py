"""Where a review comment may stand: GitHub's own refusals, which name no culprit."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.simulator.answers import Json, RefusedError, unprocessable
from bot.simulator.diffs import DiffHunk, DiffLine, FileDiff
from bot.simulator.records import Place

KEYS = frozenset(
    ("path", "position", "body", "line", "side", "start_line", "start_side")
)
RIGHT = "RIGHT"
SIDES = ("LEFT", RIGHT)
NO_PATH = "Pull request review thread path is invalid"
NO_LINE = "Pull request review thread line must be part of the diff"
NO_START = (
    "Pull request review thread start line must be part of the same hunk as the line."
)
BACKWARDS = "Pull request review thread start line must precede the end line."
NO_BODY = "Pull request review thread body can't be blank"
LONGEST = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """A place that holds, with the part of the diff shown beside the comment."""

    place: Place
    diff_hunk: str
    position: int | None


class MisplacedError(Exception):
    """A comment that cannot stand where it wants to; the text is GitHub's."""


def anchored_all(
    files: Sequence[FileDiff], wanted: Sequence[Json]
) -> list[tuple[Anchored, str]]:
    """Return where each comment stands and its body, or refuse them all together."""
    problems: dict[str, None] = {}
    found = []
    for one in wanted:
        refuse_unknown(one, KEYS)
        try:
            found.append((anchored(files, one), body_of(one)))
        except MisplacedError as error:
            problems[str(error)] = None
    if problems:
        raise unprocessable(*problems)
    return found


def refuse_unknown(body: Json, known: frozenset[str]) -> None:
    """Refuse keys that this request does not have."""
    for name in body:
        if name not in known:
            raise RefusedError(
                422, f'Invalid request.\n\n"{name}" is not a permitted key.'
            )


def body_of(wanted: Json) -> str:
    """Return a comment's text; refuses an empty or endless one."""
    body = wanted.get("body")
    if not isinstance(body, str) or not body.strip():
        raise MisplacedError(NO_BODY)
    if len(body) > LONGEST:
        raise MisplacedError(f"Body is too long (maximum is {LONGEST} characters)")
    return body


def anchored(files: Sequence[FileDiff], wanted: Json) -> Anchored:
    """Return where a comment on lines stands; raises MisplacedError."""
    file = file_of(files, wanted)
    hunk, line, side = _end(file, wanted)
    number = line.new if side == RIGHT else line.old
    place = Place(path=file.path, side=side, line=number)
    if wanted.get("start_line") is not None:
        place.start_side = wanted.get("start_side") or side
        place.start_line = wanted["start_line"]
        _check_start(hunk, line, place)
    return Anchored(
        place=place,
        diff_hunk=_shown(hunk, line),
        position=line.position,
    )


def file_of(files: Sequence[FileDiff], wanted: Json) -> FileDiff:
    """Return the changed file that a comment is about; raises MisplacedError."""
    for file in files:
        if file.path == wanted.get("path"):
            return file
    raise MisplacedError(NO_PATH)


def _end(file: FileDiff, wanted: Json) -> tuple[DiffHunk, DiffLine, str]:
    """Return the hunk, line and side that a comment ends on."""
    if isinstance(wanted.get("position"), int) and wanted.get("line") is None:
        for hunk in file.hunks:
            for line in hunk.lines:
                if line.position == wanted["position"]:
                    return hunk, line, "LEFT" if line.new is None else RIGHT
        raise MisplacedError(NO_LINE)
    side = wanted.get("side") or RIGHT
    number = wanted.get("line")
    if side not in SIDES or not isinstance(number, int):
        raise MisplacedError(NO_LINE)
    found = file.holds(side, number)
    if found is None:
        raise MisplacedError(NO_LINE)
    return *found, side


def _check_start(hunk: DiffHunk, end: DiffLine, place: Place) -> None:
    """Refuse a range that leaves its hunk or runs backwards."""
    if place.start_side not in SIDES or not isinstance(place.start_line, int):
        raise MisplacedError(NO_START)
    start = hunk.find(place.start_side, place.start_line)
    if start is None:
        raise MisplacedError(NO_START)
    if start.position >= end.position:
        raise MisplacedError(BACKWARDS)


def _shown(hunk: DiffHunk, line: DiffLine) -> str:
    """Return the hunk down to the commented line."""
    kept = [one.text for one in hunk.lines if one.position <= line.position]
    return b"\n".join([hunk.header, *kept]).decode("utf-8", "replace")
