"""What a run has used is told by its history, try by try."""

from typing import Any

from typer.testing import CliRunner

from bot.api.answers.usage import UsageDetail
from bot.api.question import Question
from bot.cli.app import app
from bot.cli.runs import usage_words as words
from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit
from core.runs.usage import usage_of
from tests.fakes.cli_service import FakeService
from tests.fakes.clock import NOON

RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
USED = schema.Used(
    wall_seconds=2.0,
    cpu_seconds=0.5,
    github_requests=3,
    github_bytes_sent=10,
    github_bytes_received=2000,
)


def child(step: str, **more: Any) -> Payload:
    """Return the end of a program that ran for a step."""
    values: dict[str, Any] = {
        "program": "ruff",
        "cpu_seconds": 0.25,
        "wall_seconds": 1.0,
        "peak_memory_bytes": 1000,
        "isolation": "bubblewrap",
        "exit_code": 0,
        **more,
    }
    return schema.SandboxFinished(step=step, **values)


def called(**more: Any) -> Payload:
    """Return the answer of a reviewer."""
    values: dict[str, Any] = {
        "request_model": "rules",
        "input_tokens": 7,
        "output_tokens": 3,
        "cost_usd": 0.5,
        "wall_seconds": 1.0,
        "cpu_seconds": 0.1,
        "peak_memory_bytes": 5,
        **more,
    }
    return schema.ModelCalled(**values)


def commit(seq: int, *events: Payload) -> Commit:
    """Return one commit with these events."""
    return Commit(
        stream="run/r",
        seq=seq,
        time=NOON,
        events=events,
        writer="w",
        wseq=seq,
        stored_hash="0" * 64,
    )


def started(step: str, attempt: int = 1) -> Payload:
    """Return that a step was begun."""
    return schema.StepStarted(
        subject=step,
        transition="start",
        from_="pending",
        to="running",
        attempt=attempt,
    )


def finished(step: str, used: schema.Used | None = USED) -> Payload:
    """Return that a step succeeded."""
    return schema.StepFinished(
        subject=step,
        transition="succeed",
        from_="running",
        to="succeeded",
        seconds=9.0,
        used=used,
    )


def retried(transition: str, used: schema.Used | None = None) -> Payload:
    """Return that the step `one` is put off, lost, or due again."""
    off = (
        ("running", "retry_wait") if transition != "due" else ("retry_wait", "pending")
    )
    return schema.StepRetried(
        subject="one",
        transition=transition,
        from_=off[0],
        to=off[1],
        attempt=1,
        error="no route",
        used=used,
    )


def test_each_try_has_what_ran_for_it() -> None:
    """Its programs and reviewers stand in the commit that ends it."""
    usage = usage_of(
        [
            commit(1, started("one")),
            commit(2, retried("back_off", USED), child("one", killed_by="memory")),
            commit(3, retried("due"), started("one", 2)),
            commit(
                4,
                finished("one"),
                child("one"),
                child("one"),
                called(step="one"),
                started("two"),
            ),
            commit(5, finished("two"), called(), child("two", peak_memory_bytes=9000)),
        ]
    )
    assert [(one.step, one.attempt, one.ended) for one in usage.tries] == [
        ("one", 1, "back_off"),
        ("one", 2, "succeed"),
        ("two", 1, "succeed"),
    ]
    assert [len(one.children) for one in usage.tries] == [1, 2, 1]
    assert usage.tries[0].children[0].killed_by == "memory"
    # A reviewer that an earlier version told of names no step.
    assert [len(one.calls) for one in usage.tries] == [0, 1, 1]
    totals = usage.totals
    assert (totals.wall_seconds, totals.cpu_seconds) == (6.0, 1.5)
    assert (totals.children, totals.children_cpu_seconds) == (4, 1.0)
    assert totals.peak_memory_bytes == 9000
    assert (totals.github_requests, totals.github_bytes_received) == (9, 6000)
    assert (totals.model_calls, totals.input_tokens, totals.cost_usd) == (2, 14, 1.0)


def test_what_nobody_measured_is_said() -> None:
    """A worker that died, and a run of an earlier version."""
    usage = usage_of(
        [
            commit(1, started("one")),
            commit(2, retried("lose")),
            commit(3, started("one", 2), finished("one", used=None)),
        ]
    )
    lost, old = usage.tries
    assert (lost.measured, lost.wall_seconds) == (False, 0.0)
    assert (old.measured, old.wall_seconds, old.cpu_seconds) == (False, 9.0, 0.0)


def test_programs_of_a_step_that_was_called_off_are_its_own() -> None:
    """They are told of as soon as its head moves, and it ends a little later."""
    cancelled = schema.StepFinished(
        subject="one", transition="cancel", from_="running", to="cancelled"
    )
    usage = usage_of(
        [commit(1, started("one")), commit(2, child("one")), commit(3, cancelled)]
    )
    assert [len(one.children) for one in usage.tries] == [1]


def test_the_table_is_read_at_a_glance() -> None:
    """One line a try, below it what ran for it, and the sum at the end."""
    history = [
        commit(1, started("one")),
        commit(2, retried("lose")),
        commit(3, started("one", 2)),
        commit(
            4,
            finished("one"),
            child("one", killed_by="memory", peak_memory_bytes=3 * 1024 * 1024),
            called(step="one"),
        ),
    ]
    shown = words.usage(UsageDetail.of("run_1", usage_of(history))).splitlines()
    assert [line.split("  ")[0] for line in shown[:3]] == ["STEP", "one", "one, try 2"]
    assert "not measured" in shown[1]
    assert shown[3].split() == [
        *("ruff", "killed:", "memory", "1.0", "s", "250", "ms", "3.0", "MiB"),
    ]
    assert "10 tokens" in shown[4]
    assert "$0.5000" in shown[4]
    assert shown[5].startswith("in all")
    assert "2.0 KiB" in shown[5]
    assert shown[6:] == ["", "2 tries; CPU in all is that of nofx and of 1 program."]
    empty = words.usage(UsageDetail.of("run_1", usage_of([])))
    assert empty == "No step has ended yet.\n"


def test_the_command_asks_for_it() -> None:
    """In words, and as JSON as the API answers it."""
    answer = UsageDetail.of("run_1", usage_of([commit(1, finished("one"))]))
    service = FakeService(answer=answer)
    shown = CliRunner().invoke(app, ["runs", "usage", RUN], obj=service)
    assert (shown.exit_code, shown.stdout) == (0, words.usage(answer))
    ((_, question),) = service.calls
    assert isinstance(question, Question)
    assert (question.method, question.path) == ("GET", "/runs/{run_id}/usage")
    plain = CliRunner().invoke(app, ["runs", "usage", RUN, "--json"], obj=service)
    assert UsageDetail.model_validate_json(plain.stdout) == answer
