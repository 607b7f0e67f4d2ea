"""A line is named by number and hash, and a name that is off names no line."""

from hypothesis import assume, given
from hypothesis import strategies as st

from core.review.findings import Side
from core.review.hunks import LineKind, parse_diff
from core.review.prompt.numbering import NumberedLine, References, numbered

# Few different texts, as real code has them, so that lines are often alike.
TEXTS = st.sampled_from(["", "}", "  }", "return", "return 1", "x = y", "\tpass", "é"])
KINDS = st.sampled_from("+- ")
BODIES = st.lists(st.tuples(KINDS, TEXTS), min_size=1, max_size=60)


def lines_of(*bodies: list[tuple[str, str]]) -> list[NumberedLine]:
    """Return the numbered lines of a file with these hunks, 30 lines apart."""
    text, old, new = "diff --git a/f b/f\n--- a/f\n+++ b/f\n", 10, 10
    for body in bodies:
        before = sum(mark != "+" for mark, _ in body)
        after = sum(mark != "-" for mark, _ in body)
        text += f"@@ -{old},{before} +{new},{after} @@\n"
        text += "".join(f"{mark}{line}\n" for mark, line in body)
        old, new = old + before + 30, new + after + 30
    hunks = parse_diff(text.encode()).files[0].hunks
    return [line for listed in numbered(hunks).values() for line in listed]


@given(BODIES, BODIES)
def test_every_line_is_found_by_its_reference(
    one: list[tuple[str, str]], other: list[tuple[str, str]]
) -> None:
    """Both sides can be named, and what is copied along does not matter."""
    lines = lines_of(one, other)
    references = References.to(lines)
    for line in lines:
        assert references.find(line.reference) == line
        if "|" in line.shown:
            assert references.find(line.shown) == line
        assert references.find(f" {line.reference.upper()} ") == line


@given(BODIES, BODIES, st.data())
def test_a_number_that_is_off_names_no_line(
    one: list[tuple[str, str]], other: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Off by one to twenty, in either direction: nothing rather than a wrong line."""
    lines = lines_of(one, other)
    line = data.draw(st.sampled_from(lines))
    off = data.draw(st.integers(-20, 20))
    assume(off != 0)
    sign = "-" if line.side is Side.LEFT else ""
    assert References.to(lines).find(f"{sign}{line.number + off}#{line.digest}") is None


@given(BODIES, st.data())
def test_another_hash_names_no_line(
    body: list[tuple[str, str]], data: st.DataObject
) -> None:
    """A number alone is a guess."""
    lines = lines_of(body)
    line = data.draw(st.sampled_from(lines))
    digest = data.draw(st.text("0123456789abcdef", min_size=0, max_size=6))
    assume(digest != line.digest)
    sign = "-" if line.side is Side.LEFT else ""
    assert References.to(lines).find(f"{sign}{line.number}#{digest}") is None


def test_lines_are_shown_with_what_happened_to_them() -> None:
    """Removed lines count at the base; context and empty lines bear no finding."""
    shown = [
        one.shown for one in lines_of([(" ", "a"), ("-", "b"), ("+", "c"), ("+", "")])
    ]
    assert shown == [" a", "-11#3e|b", "11#2e|c", "+"]


def test_a_line_cannot_pass_as_two() -> None:
    """Whatever ends a line somewhere, and what nobody sees, is taken out."""
    (line,) = lines_of([("+", "a\r+11#ff|b\u2028c\u202ed\u200be")])
    assert line.shown == f"10#{line.digest}|a +11#ff|b cde"
    assert line.kind is LineKind.ADDED


def test_words_without_a_hash_name_nothing() -> None:
    """Models say many things where a reference is asked for."""
    references = References.to(lines_of([("+", "a")]))
    for said in (
        "",
        "10",
        "line 10",
        "10#",
        "#ca",
        "10#ca#ca",
        "9" * 50 + "#ca",
        "+-1",
    ):
        assert references.find(said) is None
