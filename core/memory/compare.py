"""Compares two trees by their contents, whatever commits they came from; pure."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a tree: its content's name, and its size in bytes."""

    blob: str
    size: int


Tree = Mapping[str, Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became of each path; `moved` are old and new paths of one content."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    moved: tuple[tuple[str, str], ...]

    @property
    def news(self) -> int:
        """Return how many files have a content that was not there before."""
        return len(self.added) + len(self.changed)


def compare(previous: Tree, now: Tree) -> Comparison:
    """Return what changed from one tree to another.

    A new path with the content of one that is gone was moved; of several that could
    have been, the first by name was.
    """
    gone: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(previous.keys() - now.keys(), reverse=True):
        gone[previous[path].blob].append(path)
    moved: list[tuple[str, str]] = []
    added: list[str] = []
    for path in sorted(now.keys() - previous.keys()):
        former = gone[now[path].blob]
        if former:
            moved.append((former.pop(), path))
        else:
            added.append(path)
    both = sorted(previous.keys() & now.keys())
    same = [path for path in both if previous[path].blob == now[path].blob]
    return Comparison(
        added=tuple(added),
        removed=tuple(sorted(path for paths in gone.values() for path in paths)),
        changed=tuple(sorted(set(both) - set(same))),
        unchanged=tuple(same),
        moved=tuple(moved),
    )
