"""The rules survive analyzers that fail, and weigh what these say."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typing_extensions import override

from bot.models.rules import RulesReviewer
from bot.models.rules import analyzer as analyzers
from bot.models.rules.analyzer import Report, SourceFile, program, why_it_failed
from bot.models.rules.batches import MOST_RUNS, Failed, in_batches
from bot.models.rules.changed import changed_lines
from bot.models.rules.paths import is_test
from bot.models.rules.ruff_reasons import Reasons, why_in
from bot.models.rules.ruff_rules import IGNORE, SELECT, WEIGHTS, is_security, weight
from core.clock import SystemClock
from core.errors import AnalyzerUnavailableError
from core.review.findings import Severity
from core.sandbox import Command, Outcome, Sandbox
from core.sandbox.command import Killer
from core.secrets import SecretFinder, shared_finder
from tests.fakes.changes import request

WORKFLOW = b"on: push\njobs: {a: {runs-on: x, steps: [{run: echo}]}}\n"


@pytest.fixture(scope="module")
def finder() -> SecretFinder:
    """Give one finder to all: loading its rules takes seconds."""
    return shared_finder()


async def test_a_missing_program_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finder: SecretFinder
) -> None:
    """Without its analyzers the reviewer is away; it does not answer with nothing."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    reviewer = RulesReviewer(sandbox=Sandbox(), finder=finder, clock=SystemClock())
    with pytest.raises(AnalyzerUnavailableError, match="ruff"):
        await reviewer.review(request({"a.py": b"x = 1\n"}))


def test_programs_are_those_beside_python(tmp_path: Path) -> None:
    """What PATH names is not used."""
    assert Path(program("ruff")).parent == Path(sys.executable).parent
    with pytest.raises(AnalyzerUnavailableError):
        program("ruff", folder=tmp_path)


class _Talking(Sandbox):
    """Answers every command with the same words, as a broken analyzer would."""

    def __init__(self, stdout: bytes) -> None:
        super().__init__()
        self._stdout = stdout

    @override
    async def run(self, command: Command) -> Outcome:
        return _outcome(stdout=self._stdout)


def _outcome(
    *,
    stdout: bytes = b"",
    exit_code: int | None = 0,
    signal: int | None = None,
    killed_by: Killer | None = None,
) -> Outcome:
    return Outcome(
        exit_code=exit_code,
        signal=signal,
        stdout=stdout,
        stderr=b"",
        truncated=False,
        cpu_seconds=0.5,
        peak_memory_bytes=7,
        wall_seconds=1.0,
        isolation="limits",
        killed_by=killed_by,
    )


@pytest.mark.parametrize("stdout", [b"", b"[", b"{}", b'[{"code": 1}]'])
async def test_an_answer_that_makes_no_sense_is_a_failure(
    finder: SecretFinder, stdout: bytes
) -> None:
    """Garbage from an analyzer leaves its files unread; it never looks clean."""
    reviewer = RulesReviewer(
        sandbox=_Talking(stdout), finder=finder, clock=SystemClock()
    )
    change = request({"a.py": b"x = 1\n", ".github/workflows/a.yml": WORKFLOW})
    answer = await reviewer.review(change)
    assert set(answer.unread) == {"a.py:0", ".github/workflows/a.yml:0"}
    assert answer.usage.cpu_seconds == 1.0


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (_outcome(killed_by="timeout"), "ruff took too long over it"),
        (_outcome(killed_by="cpu"), "ruff took too long over it"),
        (_outcome(killed_by="memory"), "ruff ran out of memory over it"),
        (_outcome(killed_by="output"), "ruff had more to say than can be read"),
        (_outcome(exit_code=2), "ruff crashed over it (exit code 2)"),
        (_outcome(exit_code=None, signal=11), "ruff crashed over it (signal 11)"),
    ],
)
def test_a_failure_has_plain_words(outcome: Outcome, reason: str) -> None:
    """People read why, not a number alone."""
    assert why_it_failed("ruff", outcome) == reason


async def _fails_over(bad: set[str], files: Sequence[SourceFile]) -> Report | Failed:
    if any(file.path in bad for file in files):
        return Failed(reason="broke", cpu_seconds=1.0, peak_memory_bytes=5)
    return Report(cpu_seconds=1.0, peak_memory_bytes=3)


async def test_one_bad_file_costs_only_itself() -> None:
    """The batch is halved until the bad files stand alone."""
    files = [SourceFile(path=f"{n}.py", content=b"") for n in range(100)]
    bad = {"13.py", "77.py"}
    report = await in_batches(files, lambda batch: _fails_over(bad, batch))
    assert set(report.unread) == bad
    assert report.peak_memory_bytes == 5


async def test_a_flood_of_bad_files_is_cut_off() -> None:
    """The work has an end, and what it did not reach is unread."""
    files = [SourceFile(path=f"{n}.py", content=b"") for n in range(300)]
    bad = {file.path for file in files}
    report = await in_batches(files, lambda batch: _fails_over(bad, batch))
    assert set(report.unread) == bad
    assert report.cpu_seconds == MOST_RUNS
    assert "too many files" in report.unread["299.py"]


async def test_large_changes_go_in_several_batches() -> None:
    """No run gets more than it can hold, and every file is in one of them."""
    seen: list[int] = []

    async def run(batch: Sequence[SourceFile]) -> Report:
        seen.append(len(batch))
        return Report()

    many = [SourceFile(path=f"{n}.py", content=b"") for n in range(1001)]
    large = [SourceFile(path=f"{n}.big", content=b"x" * 1_900_000) for n in range(12)]
    await in_batches(many, run)
    assert (sum(seen), max(seen)) == (1001, 400)
    seen.clear()
    await in_batches(large, run)
    assert (sum(seen), max(seen)) == (12, 10)


def test_a_remark_on_a_block_needs_its_first_line_changed() -> None:
    """A change inside an old block does not bring up the block's old faults."""
    base = b"".join(b"line %d\n" % number for number in range(1, 31))
    head = base.replace(b"line 15\n", b"new 15\n")
    (patch,) = request({"a": head}, {"a": base}).diff.files
    assert changed_lines(patch, 15, 15) == (15, 15)
    assert changed_lines(patch, 10, 16) == (12, 16)
    assert changed_lines(patch, 10, 14) is None
    assert changed_lines(patch, 5, 25) is None
    assert changed_lines(patch, 15, 30) == (15, 15)


def test_every_rule_named_exists() -> None:
    """Each selected and weighed rule is one that this ruff knows."""
    words = [program("ruff"), "rule", "--all", "--output-format", "json"]
    answer = subprocess.run(  # noqa: S603 - our own analyzer
        words,
        capture_output=True,
        check=True,
    )
    codes = [rule["code"] for rule in json.loads(answer.stdout)]
    named = [*",".join([*SELECT, *IGNORE]).split(","), *WEIGHTS]
    for prefix in named:
        assert prefix == "invalid-syntax" or any(
            code.startswith(prefix) for code in codes
        )


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ("S602", Severity.ERROR),
        ("S501", Severity.ERROR),
        ("S301", Severity.WARNING),
        ("F401", Severity.INFO),
        ("F821", Severity.ERROR),
        ("ASYNC210", Severity.WARNING),
        ("X999", Severity.WARNING),
    ],
)
def test_the_longest_prefix_weighs(code: str, severity: Severity) -> None:
    """A rule's own weight counts before its family's."""
    assert weight(code).severity is severity


def test_security_rules_are_known_by_their_letter() -> None:
    """`S` and a number; `SIM` and `SLF` are other families."""
    assert is_security("S602")
    assert not is_security("SIM102")
    assert not is_security("F401")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.py", True),
        ("src/test_a.py", True),
        ("src/a_test.py", True),
        ("conftest.py", True),
        ("src/contest.py", False),
        ("testament/a.py", False),
    ],
)
def test_tests_are_known_by_their_name(path: str, *, expected: bool) -> None:
    """Folders and names tell a test."""
    assert is_test(path) is expected


def test_the_mildest_cannot_be_milder() -> None:
    """Lowering stops at info."""
    assert analyzers.lower(Severity.ERROR) is Severity.WARNING
    assert analyzers.lower(Severity.INFO) is Severity.INFO


async def test_a_remark_says_why_the_rule_is_there(finder: SecretFinder) -> None:
    """The body explains; it does not repeat the title."""
    reviewer = RulesReviewer(sandbox=Sandbox(), finder=finder, clock=SystemClock())
    risky = b"import subprocess\n\nsubprocess.run(input(), shell=True)\n"
    answer = await reviewer.review(request({"a.py": risky}))
    (remark,) = [one for one in answer.proposals if one.rule == "ruff:S602"]
    assert "execute arbitrary shell commands" in remark.body
    assert remark.title not in remark.body


@pytest.mark.parametrize(
    ("explanation", "why"),
    [
        ("## Why is this bad?\nIt\nhurts.\n\nMore.\n\n## Example\nx", "It hurts."),
        ("## Why is this bad?\nFor example:\n```python\n```", ""),
        ("## What it does\nNothing.", ""),
    ],
)
def test_the_first_paragraph_tells_why(explanation: str, why: str) -> None:
    """One that only introduces what follows would end in nothing."""
    assert why_in(explanation) == why


async def test_a_ruff_that_gives_no_reasons_is_no_error() -> None:
    """The message then stands alone."""
    assert await Reasons(_Talking(b"not JSON")).all() == {}
