"""A finding keeps its name when lines move, indents change or words are put anew."""

from hypothesis import given
from hypothesis import strategies as st

from core.review.findings import Proposal, Severity, fingerprint

CODE = "run(x, shell=True)"
SPACE = st.text(" \t", max_size=8)
WORDS = st.text(min_size=1, max_size=40)


def proposal(**changes: object) -> Proposal:
    """Return a remark on one line of a.py."""
    values: dict[str, object] = {
        "path": "a.py",
        "line": 3,
        "severity": Severity.ERROR,
        "confidence": 1,
        "rule": "ruff/S602",
        "title": "T",
        "body": "",
        "source": "ruff",
    }
    return Proposal.model_validate(values | changes)


def test_names_from_before_definitions_were_known_stay() -> None:
    """Earlier versions stored this one for the same remark."""
    name = fingerprint(proposal(), f"    {CODE}", 0)
    assert name == "a3be67c5c97534624365531b9df453d2"


@given(st.integers(1, 10**6), SPACE, SPACE, WORDS, WORDS, st.sampled_from(Severity))
def test_what_a_rebase_or_a_rewording_changes_does_not_count(  # each a change
    line: int, before: str, behind: str, title: str, body: str, severity: Severity
) -> None:
    """Lines move, indents change, and a model never says the same thing twice."""
    first = fingerprint(proposal(enclosing="Cart.total"), CODE, 0)
    moved = proposal(
        enclosing="Cart.total", line=line, title=title, body=body, severity=severity
    )
    assert fingerprint(moved, f"{before}{CODE}{behind}", 0) == first


@given(st.sampled_from(("rule", "path", "enclosing")), WORDS)
def test_another_rule_file_or_definition_is_another_finding(
    field: str, value: str
) -> None:
    """What tells two remarks on equal code apart is part of the name."""
    one = proposal(enclosing="Cart.total")
    other = one.model_copy(update={field: f"{getattr(one, field)} {value}"})
    assert fingerprint(one, CODE, 0) != fingerprint(other, CODE, 0)


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_parts_do_not_run_into_each_other(code: str, enclosing: str) -> None:
    """A definition's name is never taken for a piece of code."""
    inside = fingerprint(proposal(enclosing=enclosing), code, 0)
    assert inside != fingerprint(proposal(), f"{code} {enclosing}", 0)
