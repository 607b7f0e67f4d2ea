"""Which changed files a repository's own configuration leaves out of review: pure.

The configuration is the base branch's, so that no change can leave itself out.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from core.review.config import Paths
from core.review.coverage import nameable
from core.review.globs import Globs
from core.review.hunks import Diff


def excluded(
    paths: Paths, diff: Diff, missing: Iterable[tuple[str, str]]
) -> tuple[str, ...]:
    """Return the paths that are left out, in the order of the diff.

    `missing` are files that the diff does not show, with reasons. A file that was moved
    is left out only when it is left out at both its names: else code could move out of
    sight.
    """
    included, left = Globs(paths.include), Globs(paths.exclude)

    def out(path: str) -> bool:
        return nameable(path) and (left.match(path) or not included.match(path))

    shown = [
        file.path
        for file in diff.files
        if out(file.path) and (file.old_path is None or out(file.old_path))
    ]
    seen = {file.path for file in diff.files}
    hidden = [path for path, _ in missing if path and path not in seen and out(path)]
    return tuple(dict.fromkeys((*shown, *hidden)))


def without(diff: Diff, left_out: Collection[str]) -> Diff:
    """Return the diff of the files that are to be reviewed."""
    if not left_out:
        return diff
    names = frozenset(left_out)
    return replace(
        diff, files=tuple(one for one in diff.files if one.path not in names)
    )
