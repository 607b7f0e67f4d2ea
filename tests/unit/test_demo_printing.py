"""What the demo prints: steps as they happen, comments under code, nothing unsafe."""

import io
from typing import Any

from rich.console import Console

from bot.demo import printing
from bot.demo.progress import Board, StepView, board_for, told
from core.events.base import Payload
from core.events.schema import (
    RunSuperseded,
    StepFinished,
    StepRetried,
    StepStarted,
)

FRESH = (StepView(name="snapshot"), StepView(name="review"))
STARTED = StepStarted(
    subject="review", transition="start", from_="pending", to="running", attempt=1
)
RETRIED = StepRetried(
    subject="review",
    transition="back_off",
    from_="running",
    to="retry_wait",
    attempt=1,
    error="no answer",
)
FINISHED = StepFinished(
    subject="review",
    transition="succeed",
    from_="running",
    to="succeeded",
    summary="2 findings",
    seconds=1.25,
)
OTHER = RunSuperseded(by_run="run_2", head_sha="0" * 40)


def after(*events: Payload) -> tuple[StepView, ...]:
    """Return the steps after events."""
    views: tuple[StepView, ...] = FRESH
    for event in events:
        views = told(views, event)
    return views


def console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    """Return a console and what it has written."""
    out = io.StringIO()
    return Console(file=out, width=60, force_terminal=terminal, markup=False), out


def test_steps_follow_the_journal() -> None:
    """A started, a retried and a finished step say so; other events change nothing."""
    assert after(OTHER) == FRESH
    assert after(STARTED)[1].state == "running"
    assert after(STARTED, RETRIED)[1].words == "no answer"
    assert after(STARTED, RETRIED, STARTED)[1].words == ""
    done = StepView(name="review", state="succeeded", words="2 findings", seconds=1.25)
    assert after(STARTED, FINISHED) == (FRESH[0], done)


def show(board: Board) -> None:
    """Show a step from its beginning to its end, each state twice."""
    with board:
        for events in ((), (STARTED,), (STARTED, RETRIED), (STARTED, FINISHED)):
            board.show(after(*events))
            board.show(after(*events))


def test_a_pipe_gets_one_line_a_change() -> None:
    """Nothing is repeated, and nothing moves."""
    pipe, out = console()
    show(board_for(pipe))
    assert out.getvalue() == (
        "  review retry_wait no answer\n  review succeeded 1.25 s 2 findings\n"
    )


def test_a_terminal_gets_a_table_that_stays() -> None:
    """The last thing drawn is the finished table."""
    terminal, out = console(terminal=True)
    show(board_for(terminal))
    last = out.getvalue().rsplit("snapshot", 1)[-1]
    assert "succeeded" in last
    assert "1.25 s" in last
    assert "2 findings" in last


def comment(**changes: Any) -> dict[str, Any]:
    """Return a line comment as REST shows it."""
    return {
        "path": "a.py",
        "diff_hunk": "@@ -4,3 +4,4 @@ def f():\n one\n-two\n+too\n+three\n four",
        "line": 7,
        "original_line": 7,
        "start_line": None,
        "original_start_line": None,
        "body": "**Why** four?\n\n<!-- nofx:run:1 -->\n\n<sub>rules</sub>",
        **changes,
    }


def printed(*comments: dict[str, Any]) -> str:
    """Return what is printed of comments."""
    pipe, out = console()
    printing.print_comments(pipe, comments)
    return out.getvalue()


def test_a_comment_stands_under_its_code() -> None:
    """Two lines before, the line itself with its number, then the words."""
    assert printed(comment()).split("\n")[3:] == [
        "a.py:7",
        "  5 | +too",
        "  6 | +three",
        "  7 |  four",
        "    Why four?",
        "",
        "    rules",
        "",
    ]


def test_a_range_shows_all_its_lines_and_an_outdated_one_its_old_place() -> None:
    """Both ends are named; a removed line has its old number."""
    ranged = printed(comment(start_line=5))
    assert "a.py:5-7" in ranged
    assert "  5 | -two" in ranged
    outdated = comment(line=None, original_line=7, original_start_line=6)
    assert "a.py:6-7" in printed(outdated)


def test_a_comment_on_a_whole_file_shows_no_code() -> None:
    """There is no hunk to show."""
    assert " | " not in printed(comment(diff_hunk="", line=None, original_line=None))


def test_nothing_printed_commands_the_terminal() -> None:
    """Code, words and names from a repository are spelled out."""
    bad = comment(
        path="a\x1b[2J.py", body="\x1b]0;owned\x07", diff_hunk="@@ -1 +7 @@\n+\x1b[31m"
    )
    out = printed(bad)
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\\x1b[31m" in out


def test_comments_are_in_the_order_of_the_code() -> None:
    """By file, then by line, whatever the order of posting."""
    out = printed(comment(path="b.py"), comment(line=9), comment(line=8))
    assert out.index("a.py:8") < out.index("a.py:9") < out.index("b.py:7")


def test_a_check_that_runs_still_is_shown_as_such() -> None:
    """Without a conclusion the status stands there."""
    pipe, out = console()
    output = {"title": None, "summary": None}
    check = {"name": "nofx", "conclusion": None, "status": "queued", "output": output}
    printing.print_check(pipe, check)
    assert "queued" in out.getvalue()
