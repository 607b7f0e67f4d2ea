"""Globs of paths as `.gitignore` has them, matched in time linear in the path."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pathspec import PathSpec
from pathspec.pattern import Pattern
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

# Python's own engine needs minutes for a path that somebody made for such a glob.
LINEAR = "re2"


@dataclass(frozen=True, slots=True)
class Globs:
    """Globs of one list: the last that matches a path decides, and `!` takes it back.

    A folder's glob matches all that is in the folder.
    """

    patterns: Sequence[str]
    _spec: PathSpec[Pattern] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the globs once; raises ValueError for one that is none."""
        spec = PathSpec.from_lines(GitIgnoreSpecPattern, self.patterns, backend=LINEAR)
        object.__setattr__(self, "_spec", spec)

    def match(self, path: str) -> bool:
        """Return whether a path from the root, in UTF-8, is meant."""
        return self._spec.match_file(path)


def checked(glob: str) -> str:
    """Return the glob; raises ValueError for what matches nothing by its form."""
    if "\n" in glob or "\r" in glob or glob != glob.strip():
        raise ValueError("it should be one glob without white space around it")
    try:
        pattern = GitIgnoreSpecPattern(glob)
        Globs((glob,))
    except ValueError:
        raise ValueError("it is no glob as .gitignore has them") from None
    if pattern.include is None:
        raise ValueError("it matches nothing: a glob is for example `docs/**`")
    return glob
