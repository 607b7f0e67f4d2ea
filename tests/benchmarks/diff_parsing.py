"""Measures how fast diffs are read, beside unidiff and beside merely scanning them.

Run `python -m tests.benchmarks.diff_parsing`, best with `--repo PATH` of a repository
with some history: its last patches are read as `git log -p` prints them, or, with
`--base` and `--head`, the difference of two commits. Without a repository one is made
from the installed libraries, edited by a fixed seed. Runs are interleaved and CPU time
is counted, so that a busy machine slows all alike; medians are printed.
"""

import random
import shutil
import site
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from unidiff.patch import PatchSet

from core.review.hunks import Diff, parse_diff
from tests.fakes.git_repository import GitRepository

NEXT_FILE = b"\ndiff --git "
OURS = "nofx: files and hunks, every count checked"
OUR_LINES = "nofx: the same, and every line made"
THEIRS = "unidiff: files, hunks and lines"
THEIR_COUNTS = "unidiff: metadata only"
FLOOR = "floor: bytes.count of line feeds"


def main(
    repo: Annotated[Path | None, typer.Option(help="A real git repository.")] = None,
    base: Annotated[str | None, typer.Option(help="Compare from here.")] = None,
    head: Annotated[str, typer.Option(help="Compare or log up to here.")] = "HEAD",
    megabytes: Annotated[int, typer.Option(help="How much to read at most.")] = 25,
    rounds: Annotated[int, typer.Option(help="Interleaved runs.")] = 5,
) -> None:
    """Measure on a diff of at least 20 MB where the repository has that much."""
    limit = megabytes * 1_000_000
    if repo is None:
        data, source = installed_diff(limit), "the installed libraries, edited"
    elif base is None:
        data, source = git(repo, limit, "log", "-p", "--no-merges", head), "git log -p"
    else:
        data, source = git(repo, limit, "diff", base, head), f"git diff {base} {head}"
    report(data, source, rounds)


def report(data: bytes, source: str, rounds: int) -> None:
    """Print the table for one diff."""
    text = data.decode("utf-8", "replace")
    files, hunks, lines = count_ours(parse_diff(data))
    agree = (hunks, lines) == count_theirs(PatchSet(text))
    speeds = measure(
        {
            OURS: lambda: parse_diff(data),
            OUR_LINES: lambda: count_lines(parse_diff(data)),
            THEIRS: lambda: PatchSet(text),
            THEIR_COUNTS: lambda: PatchSet(text, metadata_only=True),
            FLOOR: lambda: data.count(b"\n"),
        },
        rounds,
    )
    size = len(data) / 1e6
    table = Table(
        title=f"{size:.1f} MB of {source}: {files:,} files, {hunks:,} hunks, "
        f"{lines:,} lines ({'as' if agree else 'NOT as'} unidiff counts them)"
    )
    for name in ("median of interleaved runs", "MB/s", "times unidiff"):
        table.add_column(name)
    for name, seconds in speeds.items():
        ratio = speeds[THEIRS] / seconds
        table.add_row(name, f"{size / seconds:,.1f}", f"{ratio:,.1f}")
    Console(width=100).print(table)


def measure(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of each run."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    return {name: median(found) for name, found in seconds.items()}


def count_lines(diff: Diff) -> int:
    """Make every line of every hunk and return how many there are."""
    return sum(len(hunk.lines()) for file in diff.files for hunk in file.hunks)


def count_ours(diff: Diff) -> tuple[int, int, int]:
    """Return how many files, hunks and lines there are."""
    hunks = sum(len(file.hunks) for file in diff.files)
    return len(diff.files), hunks, count_lines(diff)


def count_theirs(patch: PatchSet) -> tuple[int, int]:
    """Return unidiff's hunks and lines; not every item of a hunk is a line."""
    hunks = [hunk for file in patch for hunk in file]
    lines = sum(line.line_type in {"+", "-", " "} for hunk in hunks for line in hunk)
    return len(hunks), lines


def git(repo: Path, limit: int, *arguments: str) -> bytes:
    """Return what git prints, up to the last whole file within `limit` bytes."""
    program = shutil.which("git") or "git"
    # A fixed program on a repository that the caller names.
    with subprocess.Popen(  # noqa: S603
        [program, "-C", str(repo), *arguments], stdout=subprocess.PIPE
    ) as process:
        data = process.stdout.read(limit) if process.stdout else b""
        process.kill()
    return data[: data.rfind(NEXT_FILE) + 1] if len(data) == limit else data


def installed_diff(limit: int) -> bytes:
    """Commit the installed sources and an edited copy, and let git compare them."""
    draw = random.Random(20)  # noqa: S311 - the same edits on each machine
    before: dict[str, str | bytes | None] = {}
    after: dict[str, str | bytes | None] = {}
    for name, text in sources(2 * limit):
        before[name] = text
        after[name] = edited(text, draw)
    with tempfile.TemporaryDirectory() as folder:
        repository = GitRepository(Path(folder) / "repository")
        first = repository.commit(before)
        second = repository.commit(after)
        return git(repository.path, limit, "diff", first, second)


def sources(size: int) -> Iterator[tuple[str, str]]:
    """Yield names and texts of installed Python files, `size` bytes at most."""
    for folder in site.getsitepackages():
        for path in sorted(Path(folder).rglob("*.py")):
            text = path.read_bytes().decode("utf-8", "replace")
            size -= len(text)
            if size < 0:
                return
            yield str(path.relative_to(folder)), text


def edited(text: str, draw: random.Random) -> str:
    """Return a text with lines changed, added and removed, some ten lines apart."""
    lines = text.split("\n")
    at = 0
    while (at := at + draw.randint(3, 30)) < len(lines):
        old = lines[at : at + draw.randint(0, 4)]
        new = [f"{line}  # {at}" for line in old[: draw.randint(0, 4)]] or ["pass"]
        lines[at : at + len(old)] = new
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
