"""Judges where a comment may stand, from git's own diff and nothing of the bot's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
STATUS = {
    "A": "added",
    "D": "removed",
    "M": "modified",
    "R": "renamed",
    "C": "copied",
    "T": "changed",
}
LARGEST_PATCH = 500_000
MODE_CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line of a hunk: `position` counts from the file's first hunk header."""

    position: int
    old: int | None
    new: int | None
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffHunk:
    """One hunk with its header and lines."""

    header: bytes
    lines: tuple[DiffLine, ...]

    def find(self, side: str, number: int) -> DiffLine | None:
        """Return the line of that number on that side, when the hunk holds it."""
        for line in self.lines:
            if (line.new if side == "RIGHT" else line.old) == number:
                return line
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiff:
    """One changed file; `patch` starts at the first hunk and is None for binaries."""

    path: str
    previous: str | None
    status: str
    sha: str
    patch: bytes | None
    additions: int
    deletions: int
    hunks: tuple[DiffHunk, ...] = field(repr=False)

    def holds(self, side: str, number: int) -> tuple[DiffHunk, DiffLine] | None:
        """Return the hunk and line that a comment at this place would stand on."""
        for hunk in self.hunks:
            line = hunk.find(side, number)
            if line is not None:
                return hunk, line
        return None


def read_files(raw: bytes, patch: bytes) -> tuple[FileDiff, ...]:
    """Put together `git diff --raw -z` and `git diff` of the same two commits."""
    blocks = _blocks(patch)
    files = []
    for status, sha, old_path, path in _raw(raw):
        # A change of type is shown as one file removed and one added.
        own = [next(blocks) for _ in range(2 if status == "T" else 1)]
        text = b"".join(own[-1:])
        files.append(_file(status, sha, old_path, path, text))
    return tuple(files)


def _raw(raw: bytes) -> Iterator[tuple[str, str, str | None, str]]:
    """Yield status, blob, old path and path of each record."""
    parts = iter(raw.split(b"\0"))
    for facts in parts:
        if not facts:
            continue
        _, _, old_sha, new_sha, status = facts.decode().split()
        first = next(parts).decode("utf-8", "surrogateescape")
        letter = status[0]
        second = None
        if letter in "RC":
            second = next(parts).decode("utf-8", "surrogateescape")
        sha = old_sha if letter == "D" else new_sha
        yield letter, sha, first if second else None, second or first


def _blocks(patch: bytes) -> Iterator[bytes]:
    """Yield each file's part of a diff; inside a hunk no line starts like a header."""
    for part in re.split(rb"^(?=diff --git )", patch, flags=re.MULTILINE):
        if part:
            yield part


def _file(
    status: str, sha: str, old_path: str | None, path: str, block: bytes
) -> FileDiff:
    """Read one file's hunks."""
    start = re.search(rb"^@@ ", block, flags=re.MULTILINE)
    patch = block[start.start() :] if start else None
    hunks = tuple(read_hunks(patch)) if patch else ()
    lines = [line for hunk in hunks for line in hunk.lines]
    too_large = patch is not None and len(patch) > LARGEST_PATCH
    name = STATUS[status]
    if status == "M" and patch is None and b"\nBinary files" not in block:
        name = MODE_CHANGED
    return FileDiff(
        path=path,
        previous=old_path,
        status=name,
        sha=sha,
        patch=None if patch is None or too_large else patch.removesuffix(b"\n"),
        additions=sum(line.text.startswith(b"+") for line in lines),
        deletions=sum(line.text.startswith(b"-") for line in lines),
        hunks=hunks,
    )


def read_hunks(patch: bytes) -> Iterator[DiffHunk]:
    """Yield the hunks of one file's patch, which begins with a hunk header."""
    header = b""
    lines: list[DiffLine] = []
    old = new = 0
    for position, text in enumerate(patch.split(b"\n")):
        found = HUNK.match(text)
        if found:
            if header:
                yield DiffHunk(header=header, lines=tuple(lines))
            header, lines = text, []
            old, new = int(found[1]), int(found[3])
        elif text[:1] in (b" ", b"+", b"-"):
            in_old, in_new = text[:1] != b"+", text[:1] != b"-"
            lines.append(
                DiffLine(
                    position=position,
                    old=old if in_old else None,
                    new=new if in_new else None,
                    text=text,
                )
            )
            old, new = old + in_old, new + in_new
    if header:
        yield DiffHunk(header=header, lines=tuple(lines))


def moved(patch: bytes, number: int) -> int | None:
    """Return where an old line is in the new file, by a diff without context.

    None says that the line was changed or removed.
    """
    shift = 0
    for found in re.finditer(rb"^" + HUNK.pattern, patch, flags=re.MULTILINE):
        old, old_count = int(found[1]), int(found[2] or 1)
        new_count = int(found[4] or 1)
        # With nothing removed, git names the line after which the new ones stand.
        first = old + 1 if old_count == 0 else old
        if number < first:
            break
        if number < first + old_count:
            return None
        shift += new_count - old_count
    return number + shift
