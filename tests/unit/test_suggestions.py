"""A suggestion is offered only if the file would still be one with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.review.findings import BODY, Finding, Severity, Side
from core.review.suggestions import (
    LEFT,
    NARROWED,
    NOTHING,
    TOO_LARGE,
    UNTRIED,
    applied,
    in_words,
    objection,
)
from core.review.syntax import LARGEST, broken_by

PYTHON = b"def f():\n    return 1\n"


def finding(suggestion: str | None, **changes: object) -> Finding:
    """Return a finding on line 2 of a.py."""
    values: dict[str, object] = {
        "path": "a.py",
        "line": 2,
        "severity": Severity.WARNING,
        "confidence": 1,
        "rule": "rule",
        "title": "Title",
        "body": "Body.",
        "suggestion": suggestion,
        "source": "model",
        "fingerprint": "0" * 32,
    }
    return Finding.model_validate(values | changes)


def said(suggestion: str | None, data: bytes = PYTHON, **changes: object) -> str | None:
    """Return what speaks against a suggestion for line 2."""
    one = finding(suggestion, **changes)
    return objection(one, (one.start_line or one.line, one.line), {"a.py": data})


LINES = st.lists(st.sampled_from(("", "a", "b c", "é")), min_size=1, max_size=6)


@given(
    lines=LINES,
    end=st.sampled_from(("\n", "\r\n")),
    whole=st.booleans(),
    data=st.data(),
)
def test_a_file_keeps_its_line_ends_and_all_other_lines(
    lines: list[str], end: str, *, whole: bool, data: st.DataObject
) -> None:
    """Only the lines in question change; a last line feed stays, or stays away."""
    if not whole and lines[-1] == "":
        lines = [*lines, "last"]
    if not whole and len(lines) == 1:
        end = "\n"  # nothing tells what else it would be
    text = end.join(lines) + (end if whole else "")
    first = data.draw(st.integers(1, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    new = data.draw(LINES)
    result = applied(text.encode(), first, last, "\n".join(new) + "\n")
    wanted = [*lines[: first - 1], *new, *lines[last:]]
    assert result == (end.join(wanted) + (end if whole else "")).encode()


@given(LINES, st.data())
def test_an_empty_suggestion_deletes_the_lines(
    lines: list[str], data: st.DataObject
) -> None:
    """That is how GitHub applies an empty block."""
    first = data.draw(st.integers(1, len(lines)))
    text = "".join(f"{line}\n" for line in lines)
    wanted = "".join(f"{line}\n" for line in [*lines[: first - 1], *lines[first:]])
    assert applied(text.encode(), first, first, "") == wanted.encode()


@pytest.mark.parametrize(("first", "last"), [(0, 1), (3, 3), (2, 1), (2, 3)], ids=str)
def test_lines_that_a_file_has_not_cannot_be_replaced(first: int, last: int) -> None:
    """The model may have named any."""
    assert applied(b"one\ntwo\n", first, last, "x") is None


@pytest.mark.parametrize(
    ("path", "before", "good", "bad"),
    [
        ("a.py", "x = 1\n", "x = 2\n", "x = (\n"),
        ("a.py", "x = 1\n", "x = [1]\n", "print 'x'\n"),
        ("a.pyi", "x: int\n", "x: str\n", "x: :\n"),
        ("a.json", "{}\n", '{"a": 1}\n', "{a: 1}\n"),
        ("a.yml", "a: 1\n", "a: [1]\n", "a: [1\n"),
        ("a.toml", "a = 1\n", 'a = "b"\n', "a = b\n"),
        ("a.js", "f();\n", "g(1);\n", "g(1;\n"),
        ("a.ts", "let a: A;\n", "let a: B;\n", "let a: ;;= B\n"),
        ("a.tsx", "f();\n", "<A b={1}/>;\n", "<A b={1}\n"),
        ("a.go", "package a\n", "package b\n", "package {\n"),
        ("A.java", "class A {}\n", "class B {}\n", "class B {\n"),
        ("a.rs", "fn a() {}\n", "fn b() {}\n", "fn b( {}\n"),
    ],
)
def test_what_would_not_parse_is_told_by_language(
    path: str, before: str, good: str, bad: str
) -> None:
    """The good one passes, the bad one is named."""
    assert broken_by(path, before.encode(), good.encode()) is None
    why = broken_by(path, before.encode(), bad.encode())
    assert why == "the file would not parse with it"


def test_a_file_that_is_broken_already_may_be_mended() -> None:
    """A suggestion may not make it worse, and that is all that can be said."""
    assert broken_by("a.py", b"x = (\n", b"x = ()\n") is None
    assert broken_by("a.js", b"f(;\n\ng(;\n", b"f();\n\ng(;\n") is None


def test_a_language_that_nobody_knows_here_is_not_judged() -> None:
    """Prose has no errors of syntax."""
    assert broken_by("README.md", b"a", b"((((") is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "(" * 60_000 + ")" * 60_000),
        ("a.py", "x = " + "-" * 200_000 + "1"),
        ("a.json", "[" * 200_000),
        ("a.toml", "a = " + "[" * 200_000),
        ("a.yaml", "[" * 200_000),
        ("a.yaml", "? " * 100_000),
    ],
    ids=["brackets", "minuses", "json", "toml", "yaml", "yaml keys"],
)
def test_a_hostile_text_exhausts_no_parser(path: str, text: str) -> None:
    """It is refused or passed, and the process lives."""
    assert broken_by(path, b"", text.encode()) in (
        None,
        "the file would not parse with it",
    )


def test_a_good_suggestion_meets_no_objection() -> None:
    """As neither does a finding without one."""
    assert said("    return 2") is None
    assert said(None) is None


def test_a_broken_suggestion_is_refused() -> None:
    """It would leave the file unreadable."""
    assert said("    return (") == "the file would not parse with it"


def test_lines_of_the_base_cannot_be_replaced() -> None:
    """GitHub applies suggestions to the head."""
    assert said("    return 2", side=Side.LEFT) == LEFT


def test_a_narrowed_range_carries_no_suggestion() -> None:
    """It was made for more lines than the comment stands on."""
    assert objection(finding("x", start_line=1), (2, 2), {"a.py": PYTHON}) == NARROWED


def test_a_suggestion_must_change_something() -> None:
    """One click for nothing is noise."""
    assert said("    return 1\n") == NOTHING
    assert said("    return 1", PYTHON.replace(b"\n", b"\r\n")) == NOTHING


def test_what_cannot_be_tried_is_not_offered() -> None:
    """A file may be absent, or larger than a parser should see."""
    assert objection(finding("x"), (2, 2), {}) == UNTRIED
    assert said("x", b"#\n" * LARGEST) == TOO_LARGE


def test_a_refused_suggestion_becomes_text_with_its_reason() -> None:
    """It is code that nobody can apply by one click, whatever fences are in it."""
    told = in_words(finding("a ``` b"), "the file would not parse with it")
    assert told.suggestion is None
    assert told.body == (
        "Body.\n\nNot offered as a suggestion, for the file would not parse with it:"
        "\n\n````\na ``` b\n````"
    )


def test_what_changes_nothing_is_left_out_and_so_is_what_has_no_room() -> None:
    """Neither helps whoever reads."""
    assert in_words(finding("x"), NOTHING).body == "Body."
    full = finding("x" * 100, body="b" * BODY)
    assert in_words(full, LEFT).body == full.body
