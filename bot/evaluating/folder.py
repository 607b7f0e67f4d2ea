"""A folder of cases: each a folder with `change.diff`, `case.json`, and `files/`.

`files/` holds changed files as they are at the head, under their own paths. Of a file
that the diff adds, nothing need lie there: the diff shows all of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bot.pipeline.changes import MAX_DIFF, MAX_FILE, LocalChange
from core.errors import CaseUnusableError, FileUnreadableError, NoCasesError
from core.review.evaluation.case import CaseFile, Expected
from core.review.hunks import Diff, LineKind, Status, parse_diff

CASE, DIFF, FILES = "case.json", "change.diff", "files"
SHIPPED = Path(__file__).with_name("cases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A change and what a good review says of it."""

    name: str
    change: LocalChange
    expected: tuple[Expected, ...]


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Return the cases of a folder in the order of their names.

    Raises NoCasesError, CaseUnusableError, FileUnreadableError, and what a diff that
    cannot be read raises.
    """
    try:
        found = sorted(one.parent for one in folder.glob(f"*/{CASE}"))
    except OSError as error:
        raise FileUnreadableError(path=folder, reason=str(error)) from None
    if not found:
        raise NoCasesError(folder=folder)
    return tuple(_read_case(one) for one in found)


def _read_case(folder: Path) -> Case:
    try:
        said = CaseFile.model_validate_json(read_bytes(folder / CASE, MAX_FILE))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = "/".join(map(str, first["loc"])) or "the file"
        reason = f"{CASE}: {place}: {first['msg']}"
        raise CaseUnusableError(folder=folder, reason=reason) from None
    if not (folder / DIFF).is_file():
        raise CaseUnusableError(folder=folder, reason=f"there is no {DIFF}")
    data = read_bytes(folder / DIFF, MAX_DIFF)
    diff = parse_diff(data)
    paths = {file.path for file in diff.files}
    for one in said.expected:
        if one.path is not None and one.path not in paths:
            reason = f"{one.path} is expected to be remarked on and not in {DIFF}"
            raise CaseUnusableError(folder=folder, reason=reason)
    files = {**dict(_added(diff)), **dict(_files(folder / FILES, paths))}
    change = LocalChange(
        repository=f"eval/{folder.name}",
        title=said.title,
        description=said.description,
        base_sha=None,
        head_sha=None,
        diff=data,
        files=files,
    )
    return Case(name=folder.name, change=change, expected=said.expected)


def _added(diff: Diff) -> Iterator[tuple[str, bytes]]:
    for file in diff.files:
        if file.status is Status.ADDED and file.hunks:
            lines = [
                line.text
                for hunk in file.hunks
                for line in hunk.lines()
                if line.kind is LineKind.ADDED
            ]
            text = "\n".join(lines) + "\n"
            yield file.path, text.encode("utf-8", "surrogateescape")


def _files(folder: Path, paths: set[str]) -> Mapping[str, bytes]:
    """Return what lies there of the changed files, and nothing from elsewhere."""
    root = folder.resolve()
    there = {path: root / path for path in paths}
    return {
        path: read_bytes(place, MAX_FILE)
        for path, place in there.items()
        if place.is_file() and place.resolve().is_relative_to(root)
    }


def read_bytes(path: Path, most: int) -> bytes:
    """Return a file of at most `most` bytes; raises FileUnreadableError."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnreadableError(path=path, reason=reason) from None
    if len(data) > most:
        raise FileUnreadableError(path=path, reason=f"it has more than {most} bytes")
    return data
