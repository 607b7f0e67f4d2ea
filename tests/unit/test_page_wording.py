"""Times and states as the pages say them."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.pages.page import _templates
from bot.pages.wording import TONES, ago, lasted, tone
from core.runs.states import MACHINES, RUN

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        *((0.0, "0 ms"), (0.0123, "12 ms"), (0.9994, "999 ms"), (1.0, "1.0 s")),
        *(
            (0.9996, "1.0 s"),
            (59.96, "1 min 0 s"),
            (59.94, "59.9 s"),
            (60, "1 min 0 s"),
            (3599, "59 min 59 s"),
        ),
        *((3600, "1 h 0 min"), (86399, "23 h 59 min"), (90000, "1 d 1 h")),
    ],
)
def test_how_long_something_took(seconds: float | None, words: str) -> None:
    """At most two units are said."""
    assert lasted(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((-5, "just now"), (59, "just now"), (60, "1 min ago"), (3599, "59 min ago")),
        *((3600, "1 h ago"), (86400, "1 d ago"), (86400 * 40, "40 d ago")),
    ],
)
def test_how_long_ago_something_was(seconds: int, words: str) -> None:
    """One that lies ahead by a clock that is ahead was just now."""
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_tones_are_of_states_that_there_are() -> None:
    """And no run's state but those of no concern goes without one."""
    conclusions = {"success", "failure", "action_required"}
    states = {state for machine in MACHINES for state in machine.states()}
    assert TONES.keys() - conclusions <= states
    quiet = {state for state in RUN.states() if tone(state) == "quiet"}
    assert quiet == {"cancelled", "cancelling"}


@pytest.mark.parametrize("text", ["a `b\u202e` c", "a ` b\u202e", "b\u202e"])
def test_code_between_backticks_hides_nothing(text: str) -> None:
    """Whether they come in pairs or not."""
    template = _templates().from_string("{{ text | ticked }}")
    shown = template.render(text=text)
    assert "b&lt;U+202E&gt;" in shown
    assert ("<code>" in shown) == (text.count("`") == 2)
