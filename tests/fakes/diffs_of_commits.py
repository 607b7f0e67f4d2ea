"""The diffs of real commits: this repository's own, or made by editing real modules."""

import difflib
import json
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.simulator.diffs import FileDiff, read_files
from core.review.hunks import Diff, parse_diff

ROOT = Path(__file__).parents[2]
DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames")
LARGEST = 2_000_000
SHA_A, SHA_B = "a" * 40, "b" * 40
STEPS = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit's diff, as we read it and as the simulator does."""

    name: str
    ours: Diff
    theirs: tuple[FileDiff, ...]


def changes(count: int) -> Iterator[Change]:
    """Yield the changes of `count` commits, first those of history, then edited ones.

    Where git has no history (an archive, a shallow clone) all are edited ones.
    """
    pairs = _pairs()
    step = max(1, len(pairs) // count)
    left = count
    for old, new in pairs[::step]:
        if left == 0:
            return
        raw, patch = _git(*DIFF, "--raw", "-z", old, new), _git(*DIFF, old, new)
        if not patch or len(patch) > LARGEST:
            continue
        left -= 1
        yield Change(
            name=f"{old}..{new}", ours=parse_diff(patch), theirs=read_files(raw, patch)
        )
    yield from _edited(left)


@cache
def _pairs() -> tuple[tuple[str, str], ...]:
    """Return commits with their parents, grandparents and so on, along the mainline."""
    try:
        said = _git("rev-list", "--first-parent", "HEAD").split()
    except (OSError, subprocess.CalledProcessError):
        return ()
    line = [sha.decode() for sha in said]
    return tuple(
        (line[at + step], line[at]) for step in STEPS for at in range(len(line) - step)
    )


def _git(*arguments: str) -> bytes:
    return subprocess.run(  # noqa: S603  # git, with commits that it named itself
        ["git", "-C", str(ROOT), *arguments],  # noqa: S607
        check=True,
        capture_output=True,
    ).stdout


def _edited(count: int) -> Iterator[Change]:
    """Yield changes of the standard library's modules, each edited in some places.

    A text that is edited back to what it was is no change, and another one is made.
    """
    modules = sorted(Path(json.__file__).parents[1].glob("*.py"))
    made = 0
    for seed in range(2 * count):
        if made == count:
            return
        rng = random.Random(seed)  # noqa: S311  # the same each time
        path = modules[seed % len(modules)]
        old = path.read_text("utf-8", "replace").splitlines(keepends=True)
        old = [line if line.endswith("\n") else f"{line}\n" for line in old] or ["\n"]
        new = list(old)
        for _ in range(rng.randrange(1, 9)):
            at = rng.randrange(len(new))
            match rng.randrange(3):
                case 0:
                    new[at : at + rng.randrange(1, 6)] = []
                case 1:
                    new[at:at] = [f"# edit {seed}\n"] * rng.randrange(1, 6)
                case _:
                    new[at] = f"# was: {new[at]}"
            new = new or ["\n"]
        name = path.name
        hunks = "".join(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"))
        head = f"diff --git a/{name} b/{name}\nindex {SHA_A}..{SHA_B} 100644\n"
        patch = (head + hunks).encode()
        raw = f":100644 100644 {SHA_A} {SHA_B} M\0{name}\0".encode()
        if hunks:
            made += 1
            yield Change(
                name=f"{name} edited {seed}",
                ours=parse_diff(patch),
                theirs=read_files(raw, patch),
            )
