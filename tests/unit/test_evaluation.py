"""What `nofx eval` makes of findings: pairs, shares, cases from other benchmarks."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluating.benchmarks import read_benchmark
from bot.evaluating.chart import chart
from bot.evaluating.converting import Code, convert
from bot.evaluating.folder import SHIPPED, read_cases
from bot.evaluating.results import as_json
from core.errors import BenchmarkUnreadableError, CaseUnusableError, NoCasesError
from core.review.evaluation.case import Expected
from core.review.evaluation.matching import matches
from core.review.evaluation.scores import Scored, together
from core.review.findings import Finding
from tests.fakes.git_repository import GitRepository
from tests.fakes.reports import a_finding

DIFF = b"--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n x = 1\n+y = eval(x)\n"


def found(line: int, *, title: str = "Something", path: str = "a.py") -> Finding:
    """Return a finding on one line."""
    plain = {"start_line": None, "suggestion": None, "body": ""}
    return a_finding().model_copy(
        update={**plain, "line": line, "path": path, "title": title}
    )


def scored(expected: list[Expected], findings: list[Finding]) -> Scored:
    """Return one case's score."""
    pairs = matches(expected, findings)
    return Scored(case="one", expected=expected, findings=findings, matched=pairs)


def test_a_finding_on_the_line_is_a_hit_and_each_counts_once() -> None:
    """Two remarks on one bug are one hit and one stray remark."""
    wanted = [Expected(text="eval of input", path="a.py", line=2)]
    score = together("m", [scored(wanted, [found(2), found(3)])])
    assert (score.matched, score.recall, score.precision) == (1, 1.0, 0.5)
    assert (score.line_accuracy, score.noise) == (1.0, 1.0)


def test_three_lines_off_is_a_hit_and_not_on_the_line() -> None:
    """A reviewer may point at the head of what is wrong; further away is noise."""
    wanted = [Expected(text="eval of input", path="a.py", line=10)]
    near = together("m", [scored(wanted, [found(13)])])
    far = together("m", [scored(wanted, [found(14)])])
    assert (near.recall, near.line_accuracy) == (1.0, 0.0)
    assert (far.recall, far.line_accuracy, far.noise) == (0.0, None, 1.0)


def test_another_file_or_side_is_no_hit() -> None:
    """The place must be the one that is meant."""
    wanted = [Expected(text="eval of input", path="a.py", line=2)]
    assert not matches(wanted, [found(2, path="b.py")])


def test_without_a_line_the_words_tell() -> None:
    """Some benchmarks say in words alone what should be found."""
    wanted = [Expected(text="the paginator slices a queryset by a negative offset")]
    same = found(9, title="Negative offset when slicing the queryset in paginator")
    assert matches(wanted, [found(9, title="Unused import"), same])[0].finding == 1


@given(
    st.lists(st.integers(1, 30), max_size=8), st.lists(st.integers(1, 30), max_size=8)
)
def test_nothing_is_matched_twice(wanted: list[int], there: list[int]) -> None:
    """Pairs are pairs, whatever overlaps; more findings lose no hit."""
    expected = [Expected(text="x", path="a.py", line=one) for one in wanted]
    findings = [found(one) for one in there]
    pairs = matches(expected, findings)
    assert len({one.expected for one in pairs}) == len(pairs)
    assert len({one.finding for one in pairs}) == len(pairs)
    assert len(matches(expected, [*findings, found(1)])) >= len(pairs)


def test_the_shipped_cases_expect_remarks_on_lines_that_they_add() -> None:
    """Each seeded bug stands where the case says; three changes have none."""
    cases = read_cases(SHIPPED)
    assert len(cases) == 15
    assert [case.name for case in cases if not case.expected] == [
        "clean_invisible",
        "clean_plain",
        "clean_spans",
    ]
    for case in cases:
        for one in case.expected:
            assert one.path is not None
            lines = case.change.files[one.path].decode().splitlines()
            assert one.lines.stop - 1 <= len(lines)


def test_a_folder_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    """No case, no diff, a wrong field, a remark about a file that is not there."""
    with pytest.raises(NoCasesError):
        read_cases(tmp_path)
    case = tmp_path / "one"
    case.mkdir()
    (case / "case.json").write_text('{"expected": [{"text": "t", "line": 0}]}')
    with pytest.raises(CaseUnusableError, match="expected/0/line"):
        read_cases(tmp_path)
    (case / "case.json").write_text('{"expected": [{"text": "t", "path": "b.py"}]}')
    with pytest.raises(CaseUnusableError, match=r"there is no change\.diff"):
        read_cases(tmp_path)
    (case / "change.diff").write_bytes(DIFF)
    with pytest.raises(CaseUnusableError, match=r"b\.py is expected"):
        read_cases(tmp_path)


AACR = [
    {
        "githubPrUrl": "https://github.com/octo/hello/pull/7",
        "comments": [
            {"path": "a.py", "note": "eval", "from_line": 2, "to_line": 2},
            {"path": "gone.py", "note": "elsewhere", "side": "left"},
        ],
    }
]
MARTIAN = [
    {
        "pr_title": "Add y",
        "url": "https://github.com/octo/hello/pull/7",
        "comments": [{"comment": "eval runs its input", "severity": "Critical"}],
    }
]


async def test_aacr_bench_becomes_cases_from_a_clone(
    tmp_path: Path,
) -> None:
    """It names commits and lines; what is about other files is left out and told."""
    repository = GitRepository(tmp_path / "clones" / "octo" / "hello")
    base = repository.commit({"a.py": "x = 1\n"})
    head = repository.commit({"a.py": "x = 1\ny = eval(x)\n"})
    sample = {**AACR[0], "source_commit": base, "target_commit": head}
    entries = read_benchmark("aacr", Path("f"), json.dumps([sample]).encode())
    code = Code(diffs=None, clones=tmp_path / "clones", environ={})
    made = await convert(entries, tmp_path / "cases", code)
    assert made.written == 1
    assert list(made.left_out) == ["octo__hello__7"]
    (case,) = read_cases(tmp_path / "cases")
    (wanted,) = case.expected
    assert (wanted.path, wanted.line) == ("a.py", 2)
    assert case.change.files == {"a.py": b"x = 1\ny = eval(x)\n"}


async def test_martians_becomes_cases_from_diffs(tmp_path: Path) -> None:
    """It names pull requests alone; one whose diff is not here is told."""
    other = {**MARTIAN[0], "url": "https://github.com/octo/hello/pull/8"}
    data = json.dumps([*MARTIAN, other]).encode()
    (tmp_path / "octo__hello__7.diff").write_bytes(DIFF)
    entries = read_benchmark("martian", Path("f"), data)
    code = Code(diffs=tmp_path, clones=None, environ={})
    made = await convert(entries, tmp_path / "cases", code)
    assert (made.written, list(made.left_out)) == (1, ["octo__hello__8"])
    (case,) = read_cases(tmp_path / "cases")
    assert case.change.title == "Add y"
    assert case.expected[0].severity == "error"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("aacr", b"{}"),
        ("aacr", b"[{}]"),
        ("martian", b'[{"url": "https://example.com/1"}]'),
        ("martian", b"\xff"),
    ],
)
def test_another_file_than_the_benchmarks_is_refused(name: str, data: bytes) -> None:
    """With the place and the reason."""
    with pytest.raises(BenchmarkUnreadableError):
        read_benchmark(name, Path("file.json"), data)


def test_scores_are_json_and_a_chart_that_is_xml() -> None:
    """Hostile names do no harm in either."""
    wanted = [Expected(text="eval", path="a.py", line=2)]
    one = scored(wanted, [found(2), found(30)])
    done = {"<script>m</script>": [one], "nothing": [Scored(case="c", expected=())]}
    text = json.dumps(as_json(done))
    (first, second) = json.loads(text)["models"]
    assert first["by_case"][0]["expected"][0]["on_line"] is True
    assert [kept["line"] for kept in first["by_case"][0]["noise"]] == [30]
    assert second["recall"] is None
    drawn = chart([together(name, cases) for name, cases in done.items()])
    root = ET.fromstring(drawn)  # noqa: S314 - our own text
    assert not [one for one in root.iter() if "script" in one.tag]
    assert "none" in drawn
