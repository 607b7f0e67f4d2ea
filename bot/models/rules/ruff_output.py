"""What ruff answers, and what of it becomes a remark."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from pydantic import BaseModel

from bot.models.rules.analyzer import Remark, SourceFile, lower
from bot.models.rules.paths import is_test
from bot.models.rules.ruff_rules import FINE_IN_TESTS, is_security, weight

SYNTAX = "invalid-syntax"
UNREADABLE = "E902"
ENDS = re.compile(r"(?<=\n)")
DOCUMENTATION = "https://docs.astral.sh/ruff/rules/"
SILENCED = (
    "A comment in this file asks ruff to keep silent about it. Security rules are "
    "reported all the same, so that a person sees it."
)


class Location(BaseModel):
    """A place in a file: row and column from 1, columns in characters."""

    row: int
    column: int


class Edit(BaseModel):
    """Text that replaces what stands between two places, the second exclusive."""

    content: str
    location: Location
    end_location: Location


class Fix(BaseModel):
    """A change that would satisfy the rule; only `safe` ones keep the meaning."""

    applicability: str
    edits: tuple[Edit, ...]


class Diagnostic(BaseModel):
    """One thing that ruff said."""

    code: str | None
    filename: str
    location: Location
    end_location: Location
    message: str
    url: str | None
    fix: Fix | None

    @property
    def name(self) -> str:
        """Return our name of the file: its last two parts."""
        return "/".join(PurePosixPath(self.filename).parts[-2:])

    @property
    def rule(self) -> str:
        """Return the rule's code, for example `F401`."""
        return self.code or SYNTAX

    @property
    def place(self) -> tuple[str, str, int, int]:
        """Return what tells this from every other diagnostic of a run."""
        return self.name, self.rule, self.location.row, self.location.column


def judge(
    said: Sequence[Diagnostic],
    named: Mapping[str, SourceFile],
    silenced: set[tuple[str, str, int, int]],
    reasons: Mapping[str, str],
) -> tuple[tuple[Remark, ...], dict[str, str]]:
    """Sort what ruff said into remarks, and files that it could not read.

    `reasons` says, by a rule's code, why it is there.
    """
    unread: dict[str, str] = {}
    remarks: list[Remark] = []
    for one in said:
        file = named[one.name]
        if one.rule == UNREADABLE:
            unread[file.path] = f"ruff cannot read it: {one.message}"
            continue
        if one.rule == SYNTAX:
            row = one.location.row
            unread.setdefault(file.path, f"Python cannot parse it (line {row})")
        quiet = one.place in silenced
        if _worth_saying(one.rule, file.path, quiet=quiet):
            remarks.append(_remark(one, file, reasons, silenced=quiet))
    return tuple(remarks), unread


def _worth_saying(rule: str, path: str, *, quiet: bool) -> bool:
    if quiet and not is_security(rule):
        return False
    if rule in FINE_IN_TESTS and is_test(path):
        return False
    # A package's __init__ imports names to hand them on.
    return not (rule == "F401" and PurePosixPath(path).stem == "__init__")


def _remark(
    one: Diagnostic, file: SourceFile, reasons: Mapping[str, str], *, silenced: bool
) -> Remark:
    rated = weight(one.rule)
    start, end = one.location.row, _last_row(one.location, one.end_location)
    documentation = one.url or DOCUMENTATION
    what = "Python cannot parse this" if one.rule == SYNTAX else f"ruff's {one.rule}"
    why = reasons.get(one.rule) or f"{one.message}."
    body = f"{why}\n\nRule: [{what}]({documentation})."
    return Remark(
        path=file.path,
        start=start,
        end=end,
        severity=lower(rated.severity) if silenced else rated.severity,
        confidence=rated.confidence,
        rule=f"ruff:{one.rule}",
        title=one.message,
        body=f"{body}\n\n{SILENCED}" if silenced else body,
        suggestion=None if silenced else _suggestion(one, file, start, end),
        silenced=silenced,
    )


def _last_row(start: Location, end: Location) -> int:
    """Return the last row that holds something: an end at column 1 is before it."""
    return max(start.row, end.row - (end.column == 1))


def _suggestion(one: Diagnostic, file: SourceFile, start: int, end: int) -> str | None:
    """Return the lines from `start` to `end` as a safe fix leaves them, if it can.

    None when the fix reaches beyond those lines, or is not safe by ruff's own word.
    """
    if one.fix is None or one.fix.applicability != "safe":
        return None
    rows = ENDS.split(file.content.decode("utf-8-sig"))
    text = "".join(rows[start - 1 : end])
    for edit in sorted(one.fix.edits, key=_position, reverse=True):
        first = _offset(rows, start, end, edit.location)
        last = _offset(rows, start, end, edit.end_location)
        if first is None or last is None:
            return None
        text = text[:first] + edit.content + text[last:]
    return text.removesuffix("\n").removesuffix("\r")


def _position(edit: Edit) -> tuple[int, int]:
    return edit.location.row, edit.location.column


def _offset(rows: Sequence[str], start: int, end: int, at: Location) -> int | None:
    """Return where a place lies in the text of the rows from `start` to `end`."""
    behind = (end + 1, 1)
    if not (start, 1) <= (at.row, at.column) <= behind:
        return None
    return sum(map(len, rows[start - 1 : at.row - 1])) + at.column - 1
