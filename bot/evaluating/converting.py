"""Writes a benchmark's pull requests as cases, with the code from this machine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.evaluating.benchmarks import Entry
from bot.evaluating.folder import CASE, DIFF, FILES
from bot.pipeline.changes import change_from_refs, read_diff_file
from bot.pipeline.checkout import Checkout
from core.errors import FileUnwritableError, NofxError
from core.review.evaluation.case import CaseFile
from core.review.hunks import parse_diff


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Where the code of pull requests lies.

    `diffs` holds `owner__name__number.diff`, as `gh pr diff` prints it; `clones` holds
    `owner/name`, git repositories with the commits that the benchmark names.
    """

    diffs: Path | None
    clones: Path | None
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """How many cases were written, and why others were not, by their label."""

    written: int
    left_out: Mapping[str, str]


async def convert(entries: Sequence[Entry], folder: Path, code: Code) -> Converted:
    """Write a case for each entry whose code is here; raises FileUnwritableError."""
    written, left_out = 0, {}
    for entry in entries:
        try:
            diff, files = await _code(entry, code)
        except NofxError as error:
            left_out[entry.label] = str(error)
            continue
        except LookupError as error:
            left_out[entry.label] = error.args[0]
            continue
        case, lost = _placed(entry.case, diff)
        _write(folder / entry.label, case, diff, files)
        written += 1
        if lost:
            note = f"{lost} remarks are about files that the diff does not have"
            left_out[entry.label] = note
    return Converted(written=written, left_out=left_out)


async def _code(entry: Entry, code: Code) -> tuple[bytes, Mapping[str, bytes]]:
    """Return the diff and the changed files; LookupError says what is not here."""
    if code.diffs is not None:
        place = code.diffs / f"{entry.label}.diff"
        if place.is_file():
            return read_diff_file(place), {}
    if code.clones is not None and entry.base and entry.head:
        clone = code.clones / entry.owner / entry.name
        if clone.is_dir():
            checkout = Checkout(clone, code.environ)
            change = await change_from_refs(checkout, entry.base, entry.head)
            return change.diff, change.files
    raise LookupError("its code is neither among the diffs nor among the clones")


def _placed(case: CaseFile, diff: bytes) -> tuple[CaseFile, int]:
    """Return the case without remarks on files that the diff lacks, and their count."""
    paths = {file.path for file in parse_diff(diff).files}
    kept = tuple(one for one in case.expected if one.path is None or one.path in paths)
    return case.model_copy(update={"expected": kept}), len(case.expected) - len(kept)


def _write(
    folder: Path, case: CaseFile, diff: bytes, files: Mapping[str, bytes]
) -> None:
    try:
        for place, data in _members(case, diff, files):
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnwritableError(path=folder, reason=reason) from None


def _members(
    case: CaseFile, diff: bytes, files: Mapping[str, bytes]
) -> Iterator[tuple[Path, bytes]]:
    yield Path(DIFF), diff
    for path, data in files.items():
        # Git has no such names; a hand-made diff might.
        if ".." not in Path(path).parts and not Path(path).is_absolute():
            yield Path(FILES) / path, data
    # Last, for a folder with it counts as a case.
    yield Path(CASE), case.model_dump_json(indent=2, exclude_defaults=True).encode()
