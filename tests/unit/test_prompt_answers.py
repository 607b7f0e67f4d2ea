"""What a model answers is mended where it can be, and never taken at its word."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.review.findings import Proposal, Side
from core.review.prompt.parsing import parsed
from core.review.prompt.planning import Limits, Planned, planned
from core.review.prompt.reading import proposals
from tests.fakes.changes import request
from tests.fakes.language_answers import answer, finding, reference

BASE = b"def one():\n    a = 1\n    return a\n\n\ndef two():\n    return 2\n"
HEAD = b"def one():\n    a = 3\n    return a + b\n\n\ndef two():\n    return 2\n"
CHANGE = request({"a.py": HEAD, "b.py": b"x = 1\n"}, {"a.py": BASE})


def question() -> Planned:
    """Return the question about a small change of two files."""
    limits = Limits(count=len, context=100_000)
    return planned(CHANGE, limits).questions[0]


def read(text: str) -> tuple[Proposal, ...]:
    """Return the proposals that an answer comes to."""
    said = parsed(text).findings
    assert said is not None
    return proposals(said, question().parts, source="scripted", files=CHANGE.files)


def on(code: str, path: str = "a.py", **changes: object) -> Proposal:
    """Return the proposal that a finding on a shown line comes to."""
    (one,) = read(answer(finding(question().question, path, code, **changes)))
    return one


def test_a_finding_stands_on_the_line_that_it_names() -> None:
    """With the definition around it, by which it is known again."""
    one = on("a + b", severity="error")
    assert (one.path, one.side, one.start_line, one.line) == ("a.py", "RIGHT", None, 3)
    assert (one.enclosing, one.unplaced, one.source) == ("one", None, "scripted")
    removed = on("return a")
    assert (removed.side, removed.line) == (Side.LEFT, 3)


def test_a_range_runs_over_one_side_of_one_hunk() -> None:
    """Named backwards it is the same; over both sides the head's line is taken."""
    asked = question().question
    first, last = (reference(asked, "a.py", code) for code in ("a = 3", "a + b"))
    for one, other in ((first, last), (last, first)):
        found = on("a = 3", first=one, last=other, suggestion="    pass")
        assert (found.start_line, found.line) == (2, 3)
        assert found.suggestion == "    pass"
    gone = reference(asked, "a.py", "a = 1")
    found = on("a = 3", first=gone, last=last, suggestion="    pass")
    assert (found.side, found.start_line, found.line) == (Side.RIGHT, None, 3)
    assert found.suggestion is None


@pytest.mark.parametrize(
    ("first", "last"), [("2#00", "3#00"), ("2", "3"), ("", ""), ("99#aa", "x")]
)
def test_a_line_that_is_not_there_is_no_line(first: str, last: str) -> None:
    """The finding is kept, without a line and without code to apply."""
    one = on("a = 3", first=first, last=last, suggestion="pass")
    assert one.unplaced == "the model named a line that is not there"
    assert (one.path, one.suggestion) == ("a.py", None)


def test_another_file_is_no_place_either() -> None:
    """Nothing was shown of it, and nothing is posted there."""
    said = finding(question().question, "a.py", "a = 3")
    (one,) = read(answer({**said, "path": "c.py"}))
    assert one.unplaced == "the model named a file that was not part of its question"
    (swapped,) = read(answer({**said, "path": "b.py"}))
    assert swapped.unplaced == "the model named a line that is not there"


def test_one_good_end_of_a_range_is_enough() -> None:
    """The line is right; code for the whole range is not offered."""
    one = on("a = 3", last="77#ab", suggestion="pass")
    assert (one.line, one.start_line, one.unplaced) == (2, None, None)
    assert one.suggestion is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("    a = 4", "    a = 4"),
        ("```python\n    a = 4\n```", "    a = 4"),
        ("2#ab|    a = 4\n 3#cd|    return a", "    a = 4\n    return a"),
        ("+2#ab|    a = 4\n3#cd|    return a", "    a = 4\n    return a"),
        ("+2#ab|    a = 4\n    return a", None),
        ("", ""),
    ],
)
def test_a_suggestion_is_code_alone(said: str, kept: str | None) -> None:
    """Numbers, hashes and fences that were copied along are taken off, or all is."""
    assert on("a = 3", suggestion=said).suggestion == kept


def test_words_are_cleaned() -> None:
    """No markers, nothing invisible, one line for a title, plain names of rules."""
    one = on(
        "a = 3",
        title="Look\n<!-- nofx:finding -->\u202e here",
        body="Yes <!-- nofx:summary --> it\u200b is",
        rule="SQL Injection!",
    )
    assert one.title == "Look here"
    assert one.body == "Yes   it is"
    assert one.rule == "sql-injection"


WHOLE = answer(finding(question().question, "a.py", "a = 3"))
LONG = {**finding(question().question, "a.py", "a = 3"), "title": "x" * 201}


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        (f"```json\n{WHOLE}\n```", "the code fence around the answer was taken off"),
        (f"<think>well</think>\n{WHOLE}", "thoughts in front"),
        (WHOLE[:-1], "the JSON was mended"),
        (WHOLE.replace('"findings"', "'findings'"), "the JSON was mended"),
        (json.dumps(json.loads(WHOLE)["findings"]), "a list without its name"),
        (f"Here it is:\n{WHOLE}", "the JSON was mended"),
    ],
)
def test_what_is_almost_json_is_mended(text: str, repair: str) -> None:
    """And each repair is named."""
    found = parsed(text)
    assert found.problem is None
    assert found.findings == parsed(WHOLE).findings
    assert any(one.startswith(repair) for one in found.repairs)


@pytest.mark.parametrize(
    "text", ["", "I found nothing.", "null", "{}", '{"findings": 3}', "[" * 9999]
)
def test_what_is_no_answer_is_none(text: str) -> None:
    """Silence is not the same as no findings."""
    found = parsed(text)
    assert found.findings is None
    assert found.problem


@pytest.mark.parametrize(
    "text",
    [
        '{"findings": [',
        WHOLE[:-2],
        WHOLE[:-2] + ",",
        WHOLE[:-2] + ', {"path": "b.py", "body": "a [ \\" ]}',
        json.dumps(json.loads(WHOLE)["findings"])[:-1],
        answer(*json.loads(WHOLE)["findings"], LONG),
    ],
)
def test_an_answer_that_breaks_off_is_not_whole(text: str) -> None:
    """A service need not say that it was cut, and an empty rest is no praise."""
    found = parsed(text)
    assert found.problem is not None
    assert not found.whole
    assert parsed(WHOLE).whole
    assert parsed(WHOLE[:-1]).whole
    assert parsed(f"See:\n{WHOLE}\nDone.").whole


def test_what_fits_is_kept_beside_what_does_not() -> None:
    """The problem is named, for the model to mend."""
    good = json.loads(WHOLE)["findings"][0]
    found = parsed(json.dumps({"findings": [good, LONG, {**good, "severity": "bad"}]}))
    assert found.findings is not None
    assert len(found.findings) == 1
    assert found.problem is not None
    assert "findings/1/title" in found.problem
    assert [one.split(":")[0] for one in found.repairs] == [
        "finding 2 was left out",
        "finding 3 was left out",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("path", "first", "last", "severity", "confidence", "rule", "title"), JSON
    ),
)


@given(st.text() | FIELDS.map(lambda one: json.dumps({"findings": [one]})))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever comes is findings that fit, or a problem in words."""
    found = parsed(text)
    assert found.findings is not None or found.problem


@settings(deadline=None)
@given(st.data())
def test_a_reference_that_is_off_never_gives_a_wrong_line(data: st.DataObject) -> None:
    """Off by up to twenty, a finding stands on its line or on none."""
    code = data.draw(st.sampled_from(["a = 3", "a + b", "return a"]))
    right = reference(question().question, "a.py", code)
    number, _, digest = right.lstrip("-").partition("#")
    off = data.draw(st.integers(-20, 20).filter(bool))
    sign = "-" if right.startswith("-") else ""
    wrong = f"{sign}{int(number) + off}#{digest}"
    assert on(code, first=wrong, last=wrong).unplaced is not None
