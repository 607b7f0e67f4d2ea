"""A run's log in words, for somebody who is tired and in a hurry."""

from datetime import UTC, datetime
from typing import Any

from typer.testing import CliRunner

from bot.api.answers.logs import LogLine, RunLogs
from bot.api.question import Question
from bot.cli.app import app
from bot.cli.runs.log_words import logs
from tests.fakes.cli_service import FakeService

RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
NOON = datetime(2026, 1, 5, 12, 0, 1, 250_000, tzinfo=UTC)


def line(event: str, step: str = "review", attempt: int = 1, **facts: Any) -> LogLine:
    """Return a line of a step."""
    return LogLine(
        step=step,
        attempt=attempt,
        time=NOON,
        level="warning",
        logger="nofx",
        event=event,
        facts=facts,
    )


def test_lines_stand_under_their_step_and_try() -> None:
    """What happened stands in a column, its facts behind it, a trace below it."""
    found = RunLogs(
        lines=[
            line("github.retrying", status=503, path="/pulls/7"),
            line("step.crashed", exception="Traceback:\n  boom"),
            line("again", attempt=2),
            line("posted", step="publish"),
        ],
        left_out=0,
    )
    assert logs(found) == (
        "review\n"
        "  12:00:01.250  warning  github.retrying  status=503 path=/pulls/7\n"
        "  12:00:01.250  warning  step.crashed\n"
        "      Traceback:\n"
        "        boom\n"
        "\n"
        "review, try 2\n"
        "  12:00:01.250  warning  again\n"
        "\n"
        "publish\n"
        "  12:00:01.250  warning  posted\n"
    )


def test_what_is_missing_is_said() -> None:
    """So is that nothing fits."""
    assert logs(RunLogs(lines=[], left_out=0)) == "Nothing was logged that fits.\n"
    shown = logs(RunLogs(lines=[line("a")], left_out=1200))
    assert shown.endswith("\nLeft out, for there were too many: 1200 lines.\n")


def test_a_line_commands_no_terminal() -> None:
    """Nor is it endless, or of more lines than one."""
    hostile = line("x\x1b[2J", key="a\nb" + "c" * 5000, exception="\x1b]0;owned\x07")
    shown = logs(RunLogs(lines=[hostile], left_out=0))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert len(shown.splitlines()) == 3
    assert len(shown) < 1000


def test_the_command_asks_for_what_is_wanted() -> None:
    """Options become the query; JSON is what the API answers."""
    answer = RunLogs(lines=[line("a")], left_out=0)
    service = FakeService(answer=answer)
    options = ["--step", "review", "--attempt", "2", "--level", "warning"]
    shown = CliRunner().invoke(app, ["runs", "logs", RUN, *options], obj=service)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout == logs(answer)
    ((_, question),) = service.calls
    assert isinstance(question, Question)
    assert (question.method, question.path) == ("GET", "/runs/{run_id}/logs")
    assert question.query == {"step": "review", "attempt": "2", "level": "warning"}
    plain = CliRunner().invoke(app, ["runs", "logs", RUN, "--json"], obj=service)
    assert RunLogs.model_validate_json(plain.stdout) == answer
