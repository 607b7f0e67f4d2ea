"""What is said twice is said once: by place and by words, whatever their order."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.review.findings import Finding, Severity
from core.review.likeness import (
    alike,
    family_of,
    likeness,
    relatable,
    said_twice,
    survivors,
)

MODEL = "scripted:chat"
WORDS = st.lists(
    st.sampled_from(("null", "user", "shell", "query", "index", "lock")), max_size=6
)


def finding(number: int, title: str, **changes: object) -> Finding:
    """Return a model's finding in a.py, named by its number."""
    values: dict[str, object] = {
        "path": "a.py",
        "line": 10,
        "severity": Severity.WARNING,
        "confidence": 0.8,
        "rule": "null-check",
        "title": title,
        "body": "",
        "source": MODEL,
        "enclosing": "Cart.total",
        "fingerprint": f"{number:032x}",
    }
    return Finding.model_validate(values | changes)


def name(number: int) -> str:
    """Return the fingerprint of a numbered finding."""
    return f"{number:032x}"


@given(WORDS, WORDS)
def test_likeness_is_a_share_that_knows_no_order(a: list[str], b: list[str]) -> None:
    """It is the same both ways, from 0 to 1, and 1 for the same set of words."""
    one, other = " ".join(a), " ".join(b)
    assert 0 <= likeness(one, other) <= 1
    assert likeness(one, other) == likeness(other, one)
    assert (likeness(one, other) == 1) == (set(a) == set(b))
    assert likeness(one, " ".join(reversed(a))) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (
            "subprocess call with shell=True",
            "Calling subprocess with shell=True is a security issue",
            True,
        ),
        ("User input reaches the SQL query", "SQL query built of user inputs", True),
        ("`cart` may be None here", "Total is not rounded to cents", False),
        ("Missing check of the index", "Missing lock around the counter", False),
    ],
)
def test_people_would_say_the_same_of_these(one: str, other: str, same: bool) -> None:  # noqa: FBT001  # a column of the table
    """Stems and order do not count, fillers neither."""
    assert (likeness(one, other) >= 0.5) is same


def test_what_a_rule_said_a_model_need_not_say_again() -> None:
    """On the same line with half the words, or by a rule of the same family."""
    rule = finding(
        1,
        "subprocess call with shell=True identified, security issue",
        source="ruff",
        rule="ruff/S602",
        enclosing="",
    )
    worded = finding(2, "subprocess call with shell=True: command injection")
    related = finding(3, "Look here", rule="llm:s602")
    other = finding(4, "The result is thrown away")
    apart = finding(5, worded.title, line=12)
    found = said_twice([rule, worded, related, other, apart], MODEL)
    assert found == {name(2): name(1), name(3): name(1)}
    graver = worded.model_copy(update={"severity": Severity.ERROR})
    assert said_twice([rule, graver], MODEL) == {}


def test_what_rules_say_is_never_joined() -> None:
    """Not to each other, not to what a model says, and not where there is no model."""
    rules = [finding(at, "Same words", source="ruff") for at in (1, 2)]
    assert said_twice(rules, MODEL) == {}
    assert said_twice([finding(1, "Same"), finding(2, "Same")], None) == {}
    found = said_twice([finding(1, "Same words"), rules[1]], MODEL)
    assert found == {name(1): name(2)}


def test_two_remarks_of_a_model_in_one_definition_are_one() -> None:
    """The most severe stays, whichever came first."""
    first = finding(1, "The user may be None", line=10)
    second = finding(
        2, "User may be None", line=14, severity=Severity.ERROR, rule="other"
    )
    assert said_twice([first, second], MODEL) == {name(1): name(2)}
    elsewhere = second.model_copy(update={"enclosing": "Cart.clear"})
    assert said_twice([first, elsewhere], MODEL) == {}


def test_outside_of_definitions_the_place_tells() -> None:
    """The same words a hundred lines on are about something else."""
    near = [finding(at, "Unsorted imports", enclosing="", line=at) for at in (1, 9)]
    far = [finding(at, "Unsorted imports", enclosing="", line=at) for at in (1, 99)]
    assert said_twice(near, MODEL) == {name(9): name(1)}
    assert said_twice(far, MODEL) == {}


def test_one_title_for_two_faults_is_two_findings() -> None:
    """Apart, what their bodies say has to agree."""
    one = finding(1, "Missing check", body="The cart's owner can be absent.", line=10)
    two = finding(2, "Missing check", body="Division by an empty list.", line=30)
    assert alike(one, two) < 0.75
    assert said_twice([one, two], MODEL) == {}


@given(
    st.lists(st.sampled_from(Severity), min_size=1, max_size=7),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12),
)
def test_the_most_severe_of_what_hangs_together_stays(
    severities: list[Severity], links: list[tuple[int, int]]
) -> None:
    """Nothing is joined to what is gone, and there is no way round in a circle."""
    found = [finding(at, "T", severity=one) for at, one in enumerate(severities)]
    count = len(found)
    pairs = [(name(a), name(b)) for a, b in links if a < count and b < count]
    joined = survivors(found, pairs)
    ranks = {one.fingerprint: one.severity.rank for one in found}
    for gone, stays in joined.items():
        assert stays not in joined
        assert ranks[stays] >= ranks[gone]
    left = {one.fingerprint for one in found} - set(joined)
    roots = {one: joined.get(one, one) for one in ranks}
    assert all(roots[a] == roots[b] for a, b in pairs)
    assert len(left) == len(set(roots.values()))


def test_the_order_of_pairs_does_not_matter() -> None:
    """Whatever a model names first, the same finding stays."""
    found = [finding(at, "T") for at in range(4)]
    pairs = [(name(0), name(1)), (name(2), name(3)), (name(1), name(3))]
    results = [survivors(found, order) for order in permutations(pairs)]
    assert all(one == results[0] for one in results)
    assert set(results[0].values()) == {name(0)}


def test_families_are_what_tools_share() -> None:
    """The tool in front does not count."""
    assert family_of("ruff/S602") == family_of("bandit:s602") == "s602"


def test_only_what_is_near_or_worded_alike_can_be_one() -> None:
    """A second look is not believed for two ends of a file, or two files."""
    here = finding(1, "The user may be None", enclosing="a", line=1)
    there = finding(2, "Rounding loses cents", enclosing="b", line=400)
    assert not relatable(here, there)
    assert relatable(here, there.model_copy(update={"enclosing": "a"}))
    assert relatable(here, there.model_copy(update={"line": 5}))
    assert relatable(here, there.model_copy(update={"title": "User may be None"}))
    assert not relatable(here, here.model_copy(update={"path": "b.py"}))
