"""The log is JSON for machines, readable for people, and holds no secret."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typing_extensions import override

from bot.logs import configure_logs
from bot.settings import environment, load_settings
from core.access.tickets import Kind, new_ticket_secret
from core.access.tokens import new_secret
from core.events.schema import StepFinished
from core.runs.run_log import Lines, RunLog, collecting
from tests.fakes.measures import Measures

SECRET = "hook-secret-1234567890"
FINISHED = StepFinished(
    subject="one", transition="succeed", from_="running", to="succeeded"
)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Start with one secret in an empty folder, and put the log back afterwards."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NOFX_WEBHOOK_SECRETS", f"{SECRET},abc")
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """Return the logged events."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_pipe_gets_json_with_the_facts() -> None:
    """Our events and those of libraries come in one shape."""
    stream = io.StringIO()
    configure_logs(load_settings(), stream)
    with structlog.contextvars.bound_contextvars(run="run_1"):
        structlog.get_logger("nofx").info("run.claimed", fence=3, labels={"a"})
    logging.getLogger("aiohttp.access").warning("GET %s", "/health")
    logging.getLogger("noise").debug("not shown")
    first, second = lines(stream)
    assert first["event"] == "run.claimed"
    assert (first["level"], first["fence"], first["run"]) == ("info", 3, "run_1")
    assert first["labels"] == ["a"]
    assert str(first["timestamp"]).endswith("Z")
    assert (second["event"], second["logger"]) == ("GET /health", "aiohttp.access")


def test_no_secret_reaches_the_log() -> None:
    """Not in a value, deep in one, in a message, nor in a trace."""
    stream = io.StringIO()
    configure_logs(load_settings(), stream)
    log = structlog.get_logger("nofx")
    log.info(
        "sent", header=f"key {SECRET}", deep={"a": [{"b": SECRET}]}, path=Path(SECRET)
    )
    logging.getLogger("library").warning("refused %s", SECRET)
    log.info("token", value=f"Bearer ghs_{'a1.B' * 20}")
    own = new_secret()
    log.info("token", value=f"Bearer {own}")
    tickets = [new_ticket_secret(kind) for kind in Kind]
    log.info("tickets", addresses=[f"/events/stream?ticket={one}" for one in tickets])
    try:
        int(SECRET)
    except ValueError:
        log.exception("failed")
    shown = stream.getvalue()
    assert SECRET not in shown
    assert "a1.B" not in shown
    assert own[14:] not in shown
    assert not any(one[6:] in shown for one in tickets)
    assert shown.count("***") >= 6
    assert "ValueError" in shown
    assert "abc" not in [event["event"] for event in lines(stream)]


def test_a_terminal_gets_lines_that_command_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hostile user agent cannot clear the screen."""
    stream = Terminal()
    configure_logs(load_settings(), stream)
    logging.getLogger("aiohttp.access").warning("agent \x1b[2J")
    assert "\x1b[2J" not in stream.getvalue()
    assert "\\x1b[2J" in stream.getvalue()
    monkeypatch.setenv("NOFX_LOG_FORMAT", "console")
    plain = io.StringIO()
    configure_logs(load_settings(), plain)
    structlog.get_logger("nofx").info("run.claimed", fence=3)
    assert "run.claimed" in plain.getvalue()
    assert "\x1b" not in plain.getvalue()


def test_the_level_is_the_one_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less important lines are not written."""
    monkeypatch.setenv("NOFX_LOG_LEVEL", "error")
    monkeypatch.setenv("NOFX_LOG_FORMAT", "json")
    stream = Terminal()
    configure_logs(load_settings(), stream)
    structlog.get_logger("nofx").warning("small")
    structlog.get_logger("nofx").error("large")
    assert [event["event"] for event in lines(stream)] == ["large"]


def test_at_debug_libraries_stay_at_info(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver's words are not ours, and hold whole documents."""
    monkeypatch.setenv("NOFX_LOG_LEVEL", "debug")
    stream = io.StringIO()
    configure_logs(load_settings(), stream)
    for name in ("nofx.github", "bot.app", "core.runs.walk"):
        structlog.get_logger(name).debug("ours")
    logging.getLogger("pymongo.command").debug("a document")
    logging.getLogger("pymongo.command").info("theirs")
    assert [one["event"] for one in lines(stream)] == [*["ours"] * 3, "theirs"]
    monkeypatch.setenv("NOFX_LOG_LEVEL", "info")
    quiet = io.StringIO()
    configure_logs(load_settings(), quiet)
    structlog.get_logger("bot.app").debug("ours")
    assert lines(quiet) == []


def test_lines_are_counted_by_level() -> None:
    """Those that are written, ours and those of libraries, each once."""
    configure_logs(load_settings(), io.StringIO())
    measures = Measures()
    structlog.get_logger("nofx").warning("small")
    structlog.get_logger("nofx").debug("too small")
    logging.getLogger("library").warning("slow")
    logging.getLogger("library").critical("gone")
    moved = measures.all_moved("nofx_log_lines_total")
    assert moved == {("warning",): 2, ("critical",): 1}


async def test_a_step_keeps_what_the_log_does_not_show() -> None:
    """Lines below the level are kept for the run, masked, and not counted."""
    stream = io.StringIO()
    configure_logs(load_settings(), stream)
    log = structlog.get_logger("nofx")
    kept: list[Lines] = []

    async def keep(given: Lines) -> str:
        kept.append(given)
        return "sha256:0"

    run_log = RunLog(keep)
    measures = Measures()
    with collecting("run_1", run_log):
        log.debug("before any step")
        run_log.begin("one")
        log.debug("low", header=SECRET)
        log.info("high")
        await run_log.named_in([FINISHED])
        run_log.end([FINISHED])
        log.debug("after it")
    log.debug("elsewhere")
    (found,) = kept
    assert [(one["event"], one["run_id"]) for one in found.first] == [
        ("low", "run_1"),
        ("high", "run_1"),
    ]
    assert found.first[0]["header"] == "***"
    assert [one["event"] for one in lines(stream)] == ["high"]
    assert measures.all_moved("nofx_log_lines_total") == {("info",): 1}
