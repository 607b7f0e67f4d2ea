"""Why a person has to approve a change, by the base branch's configuration: pure."""

from collections.abc import Iterable, Iterator, Sequence

from bot.plain import counted
from core.review.config import ApprovalFor
from core.review.coverage import shown
from core.review.globs import Globs
from core.review.hunks import Diff

PATHS_NAMED = 3
UNSEEN = "the change is too large to be seen whole"


def reasons(
    wanted: ApprovalFor, diff: Diff, missing: Sequence[tuple[str, str]], *, fork: bool
) -> tuple[str, ...]:
    """Return what a person has to look at, as ends of "… approve it: ".

    `diff` is the whole change, what is excluded from review as well; `missing` are the
    files that it does not show, '' for the change as a whole. What nobody can see is
    taken for what has to be approved.
    """
    return tuple(_reasons(wanted, diff, missing, fork=fork))


def _reasons(
    wanted: ApprovalFor, diff: Diff, missing: Sequence[tuple[str, str]], *, fork: bool
) -> Iterator[str]:
    if fork and wanted.forks:
        yield "it comes from a fork"
    cut = any(not path for path, _ in missing)
    if wanted.paths:
        touched = _touched(wanted, diff, (path for path, _ in missing if path))
        if touched:
            more = len(touched) - PATHS_NAMED
            named = ", ".join(touched[:PATHS_NAMED])
            yield f"it changes {named}" + (f" and {more} more" if more > 0 else "")
    if wanted.changed_lines is not None:
        lines = _changed_lines(diff)
        if lines > wanted.changed_lines:
            most = wanted.changed_lines
            yield f"it changes {counted(lines, 'line')}, more than {most}"
        elif missing and not cut:
            files = counted(len(missing), "file")
            yield f"nobody can see how many lines of {files} it changes"
    if cut and (wanted.paths or wanted.changed_lines is not None):
        yield UNSEEN


def _touched(wanted: ApprovalFor, diff: Diff, hidden: Iterable[str]) -> list[str]:
    """Return the changed paths that are meant, by either of a moved file's names."""
    globs = Globs(wanted.paths)
    names = [name for file in diff.files for name in (file.path, file.old_path) if name]
    paths = dict.fromkeys(shown(name) for name in (*names, *hidden))
    return [path for path in paths if globs.match(path)]


def _changed_lines(diff: Diff) -> int:
    return sum(
        hunk.raw.count(b"\n+") + hunk.raw.count(b"\n-")
        for file in diff.files
        for hunk in file.hunks
    )
