"""Measures what a prompt costs for each changed line, beside PR-Agent's own packing.

Run `python -m tests.benchmarks.prompt`; `--quick` for fewer commits. Both show the same
hunks of this repository's own commits. PR-Agent is called as it is, by its functions
and with its settings, in `.venv-peers-pr-agent`, which needs Python 3.12 or newer.
Tokens are those of `o200k_base`, counted by tiktoken for both.
"""

import hashlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.review.hunks import Diff, FilePatch, LineKind, parse_diff
from core.review.prompt.planning import Limits, planned
from core.review.reviewer import ReviewRequest
from tests.benchmarks.programs.children import ROOT

PACKING = ROOT / "tests" / "benchmarks" / "programs" / "peers" / "pr_agent_packing.py"
REQUIREMENTS = PACKING.with_name("pr_agent.txt")
FOLDER = ROOT / ".venv-peers-pr-agent"
MARK = FOLDER / "requirements.sha256"
PYTHONS = ("3.14", "3.13", "3.12")
# Larger changes are cut by PR-Agent, which would then cover fewer hunks.
MOST_CHARACTERS = 80_000
CAPTION = """\
tokens for each changed line, over all commits together: `code` is the change as it is
shown, with numbers, hashes and context; `prompt` is all that is sent, orders and schema
included. ratio: ours by theirs; median: of the commits' own ratios."""
Json = dict[str, Any]


class NotToBeHadError(Exception):
    """The peer cannot be had here; its words say why."""


def main(
    commits: Annotated[int, typer.Option(help="How many commits to look at.")] = 200,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A rough look.")] = False,
) -> None:
    """Measure, and print a table."""
    console = Console(width=110)
    cases = list(_cases(40 if quick else commits))
    try:
        found = _counted(cases)
    except NotToBeHadError as reason:
        console.print(f"PR-Agent cannot be had here: {reason}")
        raise typer.Exit(1) from None
    lines = sum(case["lines"] for case in cases)
    hunks = sum(case["hunks"] for case in cases)
    console.print(_table(found, lines))
    console.print(f"{len(cases)} commits, {hunks} hunks, {lines} changed lines.")
    console.print(CAPTION, style="dim")


def _table(found: Sequence[Json], lines: int) -> Table:
    table = Table("", "nofx", "PR-Agent 0.49", "ratio", "median")
    for name, ours, theirs in (
        ("code", "ours_diff", "diff"),
        ("prompt", "ours_prompt", "prompt"),
    ):
        mine = sum(one[ours] for one in found)
        other = sum(one[theirs] for one in found)
        middle = median(one[ours] / one[theirs] for one in found)
        cells = (mine / lines, other / lines, mine / other, middle)
        table.add_row(name, *(f"{cell:.2f}" for cell in cells))
    return table


def _cases(most: int) -> Iterator[Json]:
    """Yield the commits of which both show every hunk."""
    for sha in _git("log", "--no-merges", f"-{most}", "--format=%H").split():
        data = _git_bytes("diff", "--no-ext-diff", "-U3", f"{sha}^", sha)
        if not data or len(data) > MOST_CHARACTERS:
            continue
        diff = parse_diff(data)
        kept = Diff(files=tuple(one for one in diff.files if one.hunks))
        title, _, body = _git("log", "-1", "--format=%B", sha).partition("\n")
        request = ReviewRequest(
            repository="octo/hello",
            title=title,
            description=body,
            diff=kept,
            files={one.path: _content(sha, one.path) for one in kept.files},
        )
        limits = Limits(count=lambda text: -(-len(text) // 4), context=64_000)
        plan = planned(request, limits)
        if plan.unread or not plan.questions:
            continue
        schema = json.dumps(plan.questions[0].question.schema)
        yield {
            "title": title,
            "description": body,
            "files": [_file(sha, one) for one in kept.files],
            "ours_diff": [
                f"{part.file.title}\n{piece.text}"
                for one in plan.questions
                for part in one.parts
                for piece in part.pieces
            ],
            "ours_prompt": [
                f"{one.question.orders}\n{schema}\n{one.question.material}"
                for one in plan.questions
            ],
            "hunks": sum(len(one.hunks) for one in kept.files),
            "lines": sum(
                line.kind is not LineKind.CONTEXT
                for one in kept.files
                for hunk in one.hunks
                for line in hunk.lines()
            ),
        }


def _file(sha: str, patch: FilePatch) -> Json:
    before = patch.old_path or patch.path
    return {
        "path": patch.path,
        "status": patch.status.value,
        "base": _content(f"{sha}^", before).decode("utf-8", "replace"),
        "head": _content(sha, patch.path).decode("utf-8", "replace"),
        "patch": "\n".join(hunk.raw.decode("utf-8", "replace") for hunk in patch.hunks),
    }


def _content(commit: str, path: str) -> bytes:
    try:
        return _git_bytes("cat-file", "blob", f"{commit}:{path}")
    except subprocess.CalledProcessError:
        return b""


def _git(*words: str) -> str:
    return _git_bytes(*words).decode("utf-8", "replace")


def _git_bytes(*words: str) -> bytes:
    return subprocess.run(  # noqa: S603 # fixed commands of this module
        ("git", "-C", str(ROOT), *words),  # noqa: S607 # as found by the shell
        check=True,
        capture_output=True,
    ).stdout


def _counted(cases: Sequence[Json]) -> Sequence[Json]:
    python = _peers_python()
    # The data of the tokens comes with a library: nobody is asked over the network.
    data = next(
        FOLDER.glob("lib/*/site-packages/litellm/litellm_core_utils/tokenizers")
    )
    done = _done(
        ("/usr/bin/env", f"TIKTOKEN_CACHE_DIR={data}", python, PACKING),
        words=json.dumps({"cases": list(cases)}),
    )
    counted: Sequence[Json] = json.loads(done.splitlines()[-1])
    return counted


def _peers_python() -> Path:
    """Return PR-Agent's interpreter, installing it where that was not done yet."""
    python = FOLDER / "bin" / "python"
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if MARK.is_file() and MARK.read_text() == digest:
        return python
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _done((_new_enough(), "-m", "venv", "--clear", FOLDER))
    _done((*pip, "--requirement", REQUIREMENTS))
    MARK.write_text(digest)
    return python


def _new_enough() -> str:
    """Return an interpreter that is new enough, on the path or among pyenv's."""
    own = Path.home() / ".pyenv" / "versions"
    found = [f"python{one}" for one in PYTHONS]
    found += [
        str(folder / "bin" / "python")
        for one in PYTHONS
        for folder in sorted(own.glob(f"{one}*"))
    ]
    for python in found:
        try:
            _done((python, "-c", "import venv"))
        except NotToBeHadError:
            continue
        return python
    reason = f"no Python of {', '.join(PYTHONS)} is installed"
    raise NotToBeHadError(reason)


def _done(command: Sequence[object], words: str = "") -> str:
    try:
        return subprocess.run(  # noqa: S603 # fixed commands of this module
            tuple(map(str, command)),
            check=True,
            capture_output=True,
            text=True,
            input=words,
            timeout=600,
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotToBeHadError(str(error)) from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "it said nothing").splitlines()[-1]
        raise NotToBeHadError(last) from None


if __name__ == "__main__":
    typer.run(main)
