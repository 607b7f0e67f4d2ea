"""What a diff holds: files, their hunks, and the lines of both sides.

They are tuples, not dataclasses: a diff can have a million lines, and a tuple is made
in a third of the time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from core.review.findings import Side


class Status(StrEnum):
    """What became of a file, in GitHub's words; `changed` is a change of mode alone."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    RENAMED = "renamed"
    COPIED = "copied"
    CHANGED = "changed"


class LineKind(StrEnum):
    """What a change does to a line."""

    ADDED = "added"
    REMOVED = "removed"
    CONTEXT = "context"


class Line(NamedTuple):
    """One line of a hunk, with its number on each side where it stands.

    `text` is without the line feed, but keeps the carriage return of a CRLF file; bytes
    that are not UTF-8 become U+FFFD. `no_newline` says that the file ends right after.
    """

    kind: LineKind
    old: int | None
    new: int | None
    text: str
    no_newline: bool = False


class Hunk(NamedTuple):
    """A run of lines around a change; both ranges are gapless.

    `number` counts the hunks of `path` from 0. `raw` is the hunk as it came, from its
    `@@` up to, and without, the last line feed.
    """

    path: str
    number: int
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    raw: bytes

    @property
    def id(self) -> str:
        """Return the name that is unique in a diff, for example `core/app.py:0`."""
        return f"{self.path}:{self.number}"

    @property
    def section(self) -> str:
        """Return what git puts behind the numbers, often the enclosing function."""
        text = self.raw.partition(b"\n")[0].partition(b" @@")[2]
        return text.decode("utf-8", "replace").removeprefix(" ").rstrip("\r")

    @property
    def body(self) -> bytes:
        """Return the lines as they came, with their `+`, `-` and space."""
        return self.raw.partition(b"\n")[2]

    def span(self, side: Side) -> range:
        """Return the numbers of the lines that the hunk covers on `side`."""
        if side is Side.LEFT:
            return range(self.old_start, self.old_start + self.old_count)
        return range(self.new_start, self.new_start + self.new_count)

    def lines(self) -> tuple[Line, ...]:
        """Read every line, numbered on both sides."""
        old, new = self.old_start, self.new_start
        added, removed, context = LineKind.ADDED, LineKind.REMOVED, LineKind.CONTEXT
        lines: list[Line] = []
        append = lines.append
        for raw in self.raw.decode("utf-8", "replace").split("\n")[1:]:
            mark = raw[:1]
            if mark == "+":
                append(Line(added, None, new, raw[1:]))
                new += 1
            elif mark == "-":
                append(Line(removed, old, None, raw[1:]))
                old += 1
            elif mark == "\\":
                lines[-1] = lines[-1]._replace(no_newline=True)
            else:
                # A mailer may have cut the one space off an empty context line.
                append(Line(context, old, new, raw[1:] if mark == " " else raw))
                old += 1
                new += 1
        return tuple(lines)


class FilePatch(NamedTuple):
    """What a diff says about one file.

    `path` is the name at the head, or at the base for a removed file; `old_path` is set
    where the name at the base was another. Modes are six octal digits, None where the
    diff does not say.
    """

    path: str
    old_path: str | None
    status: Status
    binary: bool
    old_mode: str | None
    new_mode: str | None
    hunks: tuple[Hunk, ...]

    def hunk_at(self, side: Side, line: int) -> Hunk | None:
        """Return the hunk in which `line` can carry a comment, if one does.

        On the right these are added and context lines by their new number, on the left
        removed and context lines by their old one.
        """
        return next((hunk for hunk in self.hunks if line in hunk.span(side)), None)

    def commentable(self, side: Side) -> Iterator[int]:
        """Yield every line number on `side` that a comment can stand on, ascending."""
        for hunk in self.hunks:
            yield from hunk.span(side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """All files of a diff, in its order; a path can come twice, as on a type change."""

    files: tuple[FilePatch, ...]

    def file(self, path: str) -> FilePatch | None:
        """Return the first file with this path at the head."""
        return next((file for file in self.files if file.path == path), None)
