"""What an error tells of itself, so that machines know it again."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.refusals import explained
from core.errors import (
    GitHubNotFoundError,
    GitHubUnavailableError,
    RunNotFoundError,
    StoreUnavailableError,
)
from core.events.base import JSON
from core.events.canonical import dumps
from core.runs.failures import CODE, FACT, FACTS, failure_of, words_of

SECRET = "ghs_" + "s3cr3t" * 6


def mask(value: JSON) -> JSON:
    """Take the one secret out of a flat object."""
    return {name: str(text).replace(SECRET, "***") for name, text in value.items()}


def caught(work: Callable[[], object]) -> Exception:
    """Return the error that some work ends with."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 # whatever it is
        work()
    return caught.value


def ours(line: int, function: str = "answer", body: str = "1 / 0") -> Callable[[], Any]:
    """Return a function that fails as if it stood at a line of our own code."""
    source = "\n" * (line - 2) + f"def {function}(again=0):\n    {body}\n"
    found: dict[str, Any] = {}
    exec(compile(source, str(CODE / "bot/github/made.py"), "exec"), found)  # noqa: S102
    made: Callable[[], Any] = found[function]
    return made


def test_an_error_says_where_in_our_code_it_came_from() -> None:
    """By the innermost line that is ours, from the folder on that holds our code."""
    failure = failure_of(caught(ours(88)), mask=mask)
    assert failure.place == "bot/github/made.py:88"
    assert (failure.code, failure.known) == ("ZeroDivisionError", False)
    other = failure_of(caught(ours(88)), mask=mask, root=Path("/elsewhere"))
    assert other.place == ""


def test_errors_of_one_kind_at_one_place_are_the_same() -> None:
    """Whatever line it is by now, and however deep; other kinds and places are not."""
    again = "again < 3 and answer(again + 1) or 1 / 0"
    same = [ours(88), ours(90), ours(88, body=again)]
    prints = {failure_of(caught(one), mask=mask).fingerprint for one in same}
    assert len(prints) == 1
    others = [ours(88, "other"), ours(88, body="[][1]")]
    for one in others:
        prints.add(failure_of(caught(one), mask=mask).fingerprint)
    assert len(prints) == 3
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in prints)


def test_a_status_tells_errors_apart() -> None:
    """A 404 is not a 410, though one class says both."""
    gone = [
        GitHubNotFoundError(method="GET", path="/x", status=status)
        for status in (404, 410)
    ]
    first, second = (failure_of(one, mask=mask) for one in gone)
    assert (first.status, second.status) == (404, 410)
    assert first.fingerprint != second.fingerprint


def test_a_number_of_the_system_is_found_behind_other_errors() -> None:
    """Also when the cause was dropped, for it is still what happened."""

    def hidden() -> None:
        try:
            raise ConnectionRefusedError(111, "refused")
        except OSError:
            raise StoreUnavailableError(reason="away") from None

    failure = failure_of(caught(hidden), mask=mask)
    assert (failure.code, failure.known) == ("store_unavailable", True)
    assert failure.errno == 111
    assert failure.facts["caused_by"] == "ConnectionRefusedError"
    assert failure_of(TimeoutError(), mask=mask).errno is None


def test_an_error_that_was_explained_is_where_it_was_explained_to() -> None:
    """Not in what turned a library's error into ours."""

    def asking() -> None:
        with explained("GET", "/x", writes=False):
            raise ValueError("no JSON")

    body = "asking()"
    made = ours(40, body=body)
    made.__globals__["asking"] = asking
    error = caught(made)
    assert isinstance(error, GitHubUnavailableError)
    assert failure_of(error, mask=mask).place == "bot/github/made.py:40"


def test_facts_hold_no_secret_and_no_more_than_a_few_words() -> None:
    """Nor half of a secret, at the bound."""
    facts = {f"fact{number}": "x" for number in range(30)}
    failure = failure_of(RunNotFoundError(run_id=SECRET, **facts), mask=mask)
    assert failure.facts["run_id"] == "***"
    assert len(failure.facts) == FACTS
    long = "y" * (FACT - 5) + SECRET
    failure = failure_of(RunNotFoundError(run_id=long), mask=mask)
    assert failure.facts["run_id"] == "y" * (FACT - 5) + "***"
    assert (
        words_of(RunNotFoundError(run_id=SECRET), mask=mask) == "There is no run ***."
    )
    assert words_of(ValueError(SECRET), mask=mask) == "ValueError"


@given(st.text(st.characters()), st.integers())
def test_every_failure_can_be_stored(text: str, status: int) -> None:
    """Whatever an error was given, half characters included."""
    error = GitHubNotFoundError(method="GET", path=text + "\ud800", status=status)
    dumps({"facts": failure_of(error, mask=mask).facts})
    dumps({"error": words_of(error, mask=mask)})


def test_a_ring_of_errors_comes_to_an_end() -> None:
    """Two errors may name each other as their context."""
    first, second = ValueError("a"), KeyError("b")
    first.__context__, second.__context__ = second, first
    assert failure_of(first, mask=mask).code == "ValueError"
    assert failure_of(asyncio.CancelledError(), mask=mask).code == "CancelledError"
