"""Annotations and Markdown say what the report says, and nothing in it can act."""

import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.formats.form import Format
from bot.formats.markdown import MAX_FINDINGS_SIZE
from bot.formats.render import render
from bot.terminal import plain_console
from core.review.findings import Severity, Side
from tests.fakes.reports import UNREAD, a_diff, a_finding, a_report

ANYTHING = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("`~[]()<>!:@#%,\n\r\x1b\\"),
    max_size=60,
)


def unescaped(value: str) -> str:
    """Undo what GitHub's runner undoes."""
    for code, char in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%25", "%")):
        value = value.replace(code, char)
    return value


def test_annotations_carry_file_lines_title_and_message() -> None:
    """The runner reads back what was meant, with commas, colons and percent signs."""
    finding = a_finding(
        path="a,b:c%.py", start_line=3, line=4, title="T: 1,2", body="50%\nof: it"
    )
    shown = render(a_report(finding), None, Format.GITHUB, plain_console())
    first, last, end = shown.split("\n")
    match = re.fullmatch(
        r"::error file=([^:,]*),line=3,endLine=4,title=([^:,]*)::(.*)", first
    )
    assert match
    assert [unescaped(value) for value in match.groups()] == [
        "a,b:c%.py",
        "T: 1,2",
        "50%\nof: it\n(ruff, S105)",
    ]
    assert last.startswith("::warning title=nofx::failure: This is why%0A1 error;")
    assert end == ""


def test_severities_become_the_runners_words() -> None:
    """A remark is a notice; a green verdict is a notice, too."""
    findings = [a_finding(one) for one in Severity]
    shown = render(a_report(*findings), None, Format.GITHUB, plain_console())
    names = [line.split(" ")[0] for line in shown.splitlines()]
    assert names == ["::notice", "::warning", "::error", "::warning"]
    clean = render(a_report(), None, Format.GITHUB, plain_console())
    assert clean.startswith("::notice title=nofx::success: ")


def test_a_removed_line_is_annotated_in_words() -> None:
    """A number of the old file would mark the wrong line."""
    finding = a_finding(side=Side.LEFT)
    shown = render(a_report(finding), None, Format.GITHUB, plain_console())
    assert shown.startswith(
        "::error file=src/app.py,title=Hard-coded password::Line 11 (removed): "
    )


@given(body=ANYTHING, title=ANYTHING, path=ANYTHING)
def test_an_annotation_is_always_one_line(body: str, title: str, path: str) -> None:
    """Nothing in a finding can begin a second command."""
    try:
        finding = a_finding(body=body, title=title, path=path)
    except ValueError:
        return
    shown = render(a_report(finding), None, Format.GITHUB, plain_console())
    assert len(shown.splitlines()) == 2
    head = shown.split("::")[1]
    assert head.count(",") == 3
    assert head.count("=") >= 4


def test_markdown_shows_verdict_code_and_suggestion() -> None:
    """A job summary begins with the verdict and shows the code as a diff."""
    finding = a_finding(suggestion="password = ask()\n", body="Use `ask()`.\n\n- so")
    report = a_report(finding, unread=UNREAD)
    shown = render(report, a_diff(), Format.MARKDOWN, plain_console())
    assert shown.startswith("## nofx: failure\n\nThis is why\n\n1 error; partial")
    assert "### error: Hard-coded password\n\n`src/app.py:11`\n" in shown
    assert '```diff\n def connect():\n-    return None\n+    password = "hu' in shown
    assert "Use `ask()`.\n\n- so" in shown
    assert "```\npassword = ask()\n```" in shown
    assert "- `src/big.py, hunks 1, 3`: it is over the budget" in shown
    assert render(a_report(a_finding(body="")), None, Format.MARKDOWN, plain_console())


LINKS = st.sampled_from(
    [
        "[a](https://x.example/y?z=1)",
        "![a](https://x.example/y.png)",
        "[a](javascript:x)",
        "[a](https://x.example 'title')",
        "[a]: https://x.example",
        "<https://x.example>",
        "[[a](https://x.example)](https://y.example)",
        "[`](https://x.example)`",
        "@octocat",
        "<img src=x>",
        "`@x`",
    ]
)


@given(words=st.lists(ANYTHING | LINKS, max_size=5).map("".join))
def test_markdown_from_outside_stays_text(words: str) -> None:
    """No image, HTML, title or strange address comes out of it, however nested."""
    try:
        finding = a_finding(body=words, title=f"T{words}", rule=f"R{words}")
    except ValueError:
        return
    shown = render(a_report(finding), None, Format.MARKDOWN, plain_console())
    parser = MarkdownIt("gfm-like", {"linkify": False, "html": True})
    tokens = parser.parse(shown)
    tokens += [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in tokens}
    assert not kinds & {"image", "html_inline", "html_block"}
    for token in tokens:
        if token.type == "link_open":
            assert re.match(r"https?://", str(token.attrs["href"]))
            assert "title" not in token.attrs
        if token.type == "text":
            assert not re.search(r"@[A-Za-z0-9]", token.content)


def test_a_plain_link_stays_one() -> None:
    """Analyzers link to the rule that they apply."""
    link = "[ruff's S105](https://docs.example/rules#s105)"
    finding = a_finding(body=f"Rule: {link}")
    shown = render(a_report(finding), None, Format.MARKDOWN, plain_console())
    assert f"Rule: {link}" in shown
    assert "ruff's S105 (https://docs.example/rules#s105)" in render(
        a_report(finding), None, Format.TEXT, plain_console()
    )


def test_markdown_keeps_code_blocks_closed() -> None:
    """An open fence in a body does not swallow what follows it."""
    finding = a_finding(body="a\n```py\nx <y>", suggestion="````\nb\n")
    shown = render(a_report(finding), None, Format.MARKDOWN, plain_console())
    kinds = [token.type for token in MarkdownIt("commonmark").parse(shown)]
    assert kinds.count("fence") == 2
    assert kinds[-2:] == ["inline", "paragraph_close"]


def test_a_job_summary_stays_under_its_limit() -> None:
    """What does not fit is counted, and coverage still follows."""
    findings = [a_finding(body="x" * 20_000) for _ in range(60)]
    report = a_report(*findings, unread=UNREAD)
    shown = render(report, None, Format.MARKDOWN, plain_console())
    assert len(shown.encode()) < 1 << 20
    assert len(shown.encode()) > MAX_FINDINGS_SIZE - 50_000
    assert re.search(r"\d+ findings left out", shown)
    assert "### Not read" in shown
