"""A review reads well in each form, and nothing in it can command its reader."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from typing_extensions import override

from bot.formats.excerpt import excerpt
from bot.formats.form import Format
from bot.formats.markdown import MAX_REASONS
from bot.formats.render import render
from bot.plain import one_line, visible
from bot.terminal import console_for, plain_console
from core.review.findings import Finding, Severity, Side
from core.review.hunks import Diff, parse_diff
from core.review.report import (
    Conclusion,
    Coverage,
    CoverageState,
    ReportUsage,
    ReviewReport,
    Unread,
    Verdict,
)
from tests.fakes.reports import UNREAD, a_diff, a_finding, a_report

HOSTILE = (
    "\x1b[31mred\x1b[0m [red]rich[/] \x9b2J \r over \u202egnp.exe\u2028"
    "\n::error file=a::b\n##[error]old\n![x](http://evil/p.png) <img src=x> @octocat"
    " [a]: javascript:x `::` % , : </details>\x00"
)
ANYTHING = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("`~[]()<>!:@#%,\n\r\x1b\\"),
    max_size=60,
)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


def text(report: ReviewReport, diff: Diff | None = None, width: int = 80) -> str:
    """Return the review as plain text."""
    return render(report, diff, Format.TEXT, plain_console(width))


def test_text_shows_a_finding_under_its_code() -> None:
    """Place and title, then the code lines, then what is said, then the source."""
    finding = a_finding(line=12, start_line=11, suggestion="password = ask()\n")
    lines = text(a_report(finding), a_diff()).splitlines()
    assert lines[0] == "error src/app.py:11-12 Hard-coded password"
    assert lines[1:5] == [
        " 10   │ def connect():",
        " 11 - │     return None",
        ' 11 + │     password = "hunter2"',
        " 12 + │     return login(password)",
    ]
    assert lines[6] == "      │ Anyone who reads the code can log in."
    assert lines[8:10] == ["      │ Suggested instead:", "      │ + password = ask()"]
    assert lines[10] == "      │ ruff, S105, confidence 0.90"


def test_text_ends_with_coverage_verdict_cost_and_run() -> None:
    """The truth about what was read comes last, where a terminal stops."""
    report = a_report(a_finding(Severity.INFO), a_finding(), unread=UNREAD)
    lines = text(report).splitlines()
    assert lines[-7:] == [
        "Findings  1 error, 1 remark",
        "Coverage  partial, 3 of 5 hunks",
        "  not read: it is over the budget",
        "    src/big.py, hunks 1, 3",
        "Verdict   failure, This is why",
        "Cost      rules, 1.2 s",
        "Run       run_1",
    ]


def test_a_clean_review_and_an_unread_one_differ() -> None:
    """No findings because all was read is not the same as because nothing was."""
    assert "Findings  no findings\nCoverage  reviewed, 5 of 5" in text(a_report())
    reason = Unread(reason="the model is away")
    coverage = Coverage(
        state=CoverageState.NOT_REVIEWED,
        hunks_total=1,
        hunks_reviewed=0,
        reasons=(reason,),
    )
    verdict = Verdict(conclusion=Conclusion.NEUTRAL, reason="Nobody looked")
    report = a_report().model_copy(update={"coverage": coverage, "verdict": verdict})
    for form in (Format.TEXT, Format.MARKDOWN, Format.GITHUB):
        shown = render(report, None, form, plain_console())
        assert "no findings, for nothing was read" in shown
        assert "not reviewed, 0 of 1 hunk" in shown
    assert "the whole change" in text(report)


def test_many_unread_parts_share_their_reason() -> None:
    """A reason is told once, with its files, and a long list is cut."""
    parts = tuple(Unread(path=f"{n}.py", reason="budget") for n in range(13))
    report = a_report(unread=UNREAD)
    coverage = report.coverage.model_copy(update={"reasons": parts})
    shown = text(report.model_copy(update={"coverage": coverage}))
    assert shown.count("not read: budget") == 1
    assert "    9.py\n    and 3 more parts\n" in shown
    many = coverage.model_copy(update={"reasons": parts * 10})
    report = report.model_copy(update={"coverage": many})
    shown = render(report, None, Format.MARKDOWN, plain_console())
    assert f"and {130 - MAX_REASONS} more parts" in shown


def test_usage_tells_what_was_used_and_nothing_else() -> None:
    """Tokens, money, processor and memory are named where there are any."""
    usage = ReportUsage(
        model="m",
        input_tokens=10,
        output_tokens=2,
        cost_usd=0.5,
        wall_seconds=3,
        cpu_seconds=2,
        peak_memory_bytes=5 << 20,
    )
    shown = text(a_report().model_copy(update={"usage": usage}))
    cost = "10 tokens in, 2 out, $0.5000, 3.0 s, 2.0 s of CPU, 5 MiB"
    assert f"Cost      m, {cost}\n" in shown


@pytest.mark.parametrize("form", list(Format))
def test_hostile_text_commands_nothing(form: Format) -> None:
    """No escape, control or bidirectional character survives in any form."""
    finding = a_finding(
        path="a\udcff\x1b[2J,b:c.py",
        title=HOSTILE[:200],
        body=HOSTILE,
        suggestion=HOSTILE,
        rule=HOSTILE[:50],
        source=HOSTILE[:50],
    )
    unread = Unread(path="\x1b]8;;x", reason=HOSTILE)
    report = a_report(finding, unread=unread)
    verdict = Verdict(conclusion=Conclusion.FAILURE, reason=HOSTILE)
    report = report.model_copy(update={"verdict": verdict, "run_id": HOSTILE})
    shown = render(report, a_diff(), form, plain_console())
    shown.encode()
    allowed = {"\n", "\u200b"}
    bad = [
        char
        for char in shown
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and char not in allowed
    ]
    assert bad == []


@given(body=ANYTHING, width=st.integers(4, 100))
def test_text_never_begins_a_line_with_a_runners_command(body: str, width: int) -> None:
    """In a CI log a line `::stop-commands::x` or `##[x]` would be obeyed."""
    try:
        finding = a_finding(body="::stop-commands::x\n##[group]" + body)
    except ValueError:  # a half of a character is refused earlier
        return
    for line in text(a_report(finding), width=width).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@given(body=ANYTHING, width=st.integers(30, 120))
def test_text_keeps_to_the_width(body: str, width: int) -> None:
    """Lines fold, also with wide characters, and none is lost at the edge."""
    try:
        finding = a_finding(body=f"{body} 漢字漢字漢字漢字漢字漢字漢字 end")
    except ValueError:
        return
    shown = text(a_report(finding), a_diff(), width)
    assert all(cell_len(line) <= width for line in shown.splitlines())
    assert "end" in shown


def test_rich_markup_and_emoji_stay_as_they_were_written() -> None:
    """What looks like rich's markup is only text."""
    shown = text(a_report(a_finding(title="[red]x[/red] :bomb:")))
    assert "[red]x[/red] :bomb:" in shown


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, NO_COLOR and a dumb terminal get plain text; a terminal gets colour."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    report = a_report(a_finding())

    def shown(stream: io.StringIO) -> str:
        return render(report, a_diff(), Format.TEXT, console_for(stream))

    assert "\x1b[" in shown(Terminal())
    assert "\x1b" not in shown(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in shown(Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in shown(Terminal())


def test_a_poor_terminal_gets_a_plain_bar() -> None:
    """Where the encoding has no box characters, a pipe sign stands for them."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=stream, width=80, color_system=None)
    shown = render(a_report(a_finding()), a_diff(), Format.TEXT, console)
    assert shown.isascii()
    assert ' 11 + |     password = "hunter2"' in shown


def test_an_excerpt_comes_from_the_right_side_and_hunk() -> None:
    """The left side shows the removed line; a strange line shows nothing."""
    left = excerpt(a_diff(), a_finding(side=Side.LEFT))
    assert [(row.number, row.sign, row.text) for row in left] == [
        (10, " ", "def connect():"),
        (11, "-", "    return None"),
    ]
    assert excerpt(a_diff(), a_finding(line=99)) == ()
    assert excerpt(a_diff(), a_finding(path="other.py")) == ()
    assert excerpt(None, a_finding()) == ()


def test_a_long_range_keeps_its_two_ends() -> None:
    """The middle of forty lines is counted, not shown; CRLF leaves no trace."""
    body = "".join(f"+line {n}\r\n" for n in range(1, 41))
    diff = parse_diff(f"--- /dev/null\n+++ b/n.py\n@@ -0,0 +1,40 @@\n{body}".encode())
    rows = excerpt(diff, a_finding(path="n.py", start_line=1, line=40))
    assert [row.text for row in rows][5:8] == ["line 6", "(28 more lines)", "line 35"]
    assert rows[6].number is None
    shown = text(a_report(a_finding(path="n.py", start_line=1, line=40)), diff)
    assert "(28 more lines)" in shown


def test_minified_code_is_cut() -> None:
    """One line of a megabyte does not fill the screen."""
    body = "x" * 100_000
    diff = parse_diff(f"--- /dev/null\n+++ b/n.js\n@@ -0,0 +1 @@\n+{body}\n".encode())
    shown = text(a_report(a_finding(path="n.js", line=1)), diff)
    assert len(shown) < 3_000
    assert "…" in shown


def test_json_is_the_report_in_ascii() -> None:
    """Machines read back exactly what was said, also a path of odd bytes."""
    report = a_report(a_finding(path="ä\udcff.py", title="é\x9b"), unread=UNREAD)
    shown = render(report, None, Format.JSON, plain_console())
    assert shown.isascii()
    assert ReviewReport.model_validate_json(
        json.dumps(json.loads(shown) | {"findings": []})
    ) == report.model_copy(update={"findings": ()})
    (finding,) = json.loads(shown)["findings"]
    assert Finding.model_validate(finding) == report.findings[0]


def test_visible_text_spells_out_what_hides() -> None:
    """Readers see what is there, byte by byte where it is no text."""
    assert visible("a\r\nb\tc") == "a\nb\tc"
    assert visible("\x1b[0m\r\x9b\udcff\ud800") == "\\x1b[0m\\x0d\\x9b\\xff<U+D800>"
    assert visible("\u202e\u200b\U000e0041") == "<U+202E><U+200B><U+E0041>"
    assert one_line(" a\n\tb ") == "a b"
