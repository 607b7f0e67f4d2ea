"""Each command hands its options on and ends with an honest exit code."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result
from typing_extensions import override

from bot.cli.app import app
from bot.cli.running import working
from bot.demo.wish import DemoWish
from bot.doctor.results import CheckResult, State
from bot.settings import environment
from bot.setup.making import SetupWish
from core.errors import (
    ConcurrencyError,
    NofxError,
    RefusedByDatabaseError,
    StoreUnavailableError,
    UnknownRefError,
)
from tests.fakes.cli_service import FakeService


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Start with no setting, in an empty folder, and put the log back afterwards."""
    for name in environment():
        if name.startswith("NOFX_") or name in ("MONGODB_URL", "PORT"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def nofx(service: FakeService, *arguments: str) -> Result:
    """Run one command line."""
    return CliRunner().invoke(app, list(arguments), obj=service)


def test_serve_takes_options_before_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option wins; what is not given comes from the settings."""
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("NOFX_WORKERS", "5")
    service = FakeService()
    arguments = ("serve", "--host", "0.0.0.0", "--workers", "0")  # noqa: S104  # only handed on
    assert nofx(service, *arguments).exit_code == 0
    assert nofx(service, "serve", "--port", "0").exit_code == 0
    assert service.calls == [
        ("serve", "0.0.0.0", 9000, 0),  # noqa: S104  # only compared
        ("serve", "127.0.0.1", 0, 5),
    ]


def test_setup_hands_its_wish_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It listens where `nofx serve` will; what is not wished is GitHub's to ask."""
    monkeypatch.setenv("PORT", "9000")
    service = FakeService()
    assert nofx(service, "setup", "--organization", "octo").exit_code == 0
    wish = SetupWish(host="127.0.0.1", port=9000, organization="octo")
    assert service.calls == [("setup", wish)]


def test_work_reads_dotenv() -> None:
    """What stands in .env reaches the service."""
    Path(".env").write_text("NOFX_MODEL=other\n")
    service = FakeService()
    assert nofx(service, "work").exit_code == 0
    assert service.settings is not None
    assert service.settings.model == "other"


def test_migrate_prints_what_changed() -> None:
    """One line a change; a second run says that there is none."""
    service = FakeService(changes=("made runs", "made \x1b[31mjournal"))
    assert nofx(service, "migrate").stdout == "made runs\nmade \\x1b[31mjournal\n"
    again = nofx(FakeService(), "migrate", "--rebuild")
    assert again.stdout == "Nothing to change.\n"
    assert nofx(service, "migrate", "--rebuild").exit_code == 0
    assert service.calls == [("migrate", False), ("migrate", True)]


def test_demo_hands_its_wish_on() -> None:
    """Repository, commits and --once arrive."""
    service = FakeService()
    options = ("--repo", "x", "--base", "main", "--head", "feature", "--once")
    assert nofx(service, "demo", *options).exit_code == 0
    wish = DemoWish(repo=Path("x"), base="main", head="feature", once=True)
    assert service.calls == [("demo", wish)]


RESULTS = (
    CheckResult(name="git", state=State.OK, detail="git is here."),
    CheckResult(name="model", state=State.WARN, detail="so-so", mend="Do\nthis."),
)
BROKEN = CheckResult(name="database", state=State.FAIL, detail="gone", mend="Start it.")


def test_doctor_says_what_is_wrong_and_how_to_mend_it() -> None:
    """A warning is no failure; a failure ends in exit code 3."""
    fine = nofx(FakeService(results=RESULTS), "doctor")
    assert fine.exit_code == 0
    assert fine.stdout == "ok   git: git is here.\nwarn model: so-so\n     Do this.\n"
    broken = nofx(FakeService(results=(*RESULTS, BROKEN)), "doctor")
    assert broken.exit_code == 3
    assert broken.stdout.endswith("fail database: gone\n     Start it.\n")


def test_doctor_speaks_json() -> None:
    """Machines get the same facts."""
    shown = nofx(FakeService(results=(BROKEN,)), "doctor", "--format", "json")
    assert shown.exit_code == 3
    assert json.loads(shown.stdout) == [
        {"name": "database", "state": "fail", "detail": "gone", "mend": "Start it."}
    ]


def test_doctor_reports_settings_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the tool that says what is wrong with the settings, too."""
    monkeypatch.setenv("NOFX_APP_ID", "seven")
    shown = nofx(FakeService(), "doctor")
    assert shown.exit_code == 3
    assert "fail settings: " in shown.stdout
    assert "NOFX_APP_ID" in shown.stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnknownRefError(ref="x", path="y"), 2),
        (StoreUnavailableError(reason="no route"), 3),
        (ConcurrencyError(stream="run-1", seq=3), 3),
        (RefusedByDatabaseError(collection="runs", reason="status"), 70),
    ],
)
def test_an_error_is_a_message_with_a_way_out(error: NofxError, code: int) -> None:
    """What, where and what to do, on standard error, without a trace."""
    shown = nofx(FakeService(error=error), "work")
    assert shown.exit_code == code
    assert shown.stdout == ""
    assert shown.stderr == f"Error: {error}\n{error.way_out}\n"


def test_wrong_settings_end_in_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are named."""
    monkeypatch.setenv("NOFX_APP_ID", "seven")
    monkeypatch.setenv("PORT", "high")
    shown = nofx(FakeService(), "work")
    assert shown.exit_code == 2
    assert "NOFX_APP_ID" in shown.stderr
    assert "PORT" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_bug_leaves_its_trace_in_a_private_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The terminal gets a sentence; the file gets the trace, without passwords."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    error = KeyError("mongodb://ada:pass-word@db.example/nofx")
    shown = nofx(FakeService(error=error), "work")
    assert shown.exit_code == 70
    assert "Something unexpected happened in nofx: KeyError." in shown.stderr
    assert "Traceback" not in shown.stderr
    (trace,) = tmp_path.glob("nofx-trace-*.log")
    assert str(trace) in shown.stderr
    assert "Traceback" in trace.read_text()
    assert "pass-word" not in trace.read_text()
    assert trace.stat().st_mode & 0o077 == 0


def test_ctrl_c_ends_in_exit_code_130() -> None:
    """No trace, no word."""
    shown = nofx(FakeService(error=KeyboardInterrupt()), "work")
    assert (shown.exit_code, shown.output) == (130, "")


def test_version_and_help_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """They work even where the settings are broken."""
    monkeypatch.setenv("NOFX_APP_ID", "seven")
    assert nofx(FakeService(), "--version").stdout.startswith("nofx ")
    shown = nofx(FakeService(), "--help")
    assert shown.exit_code == 0
    assert "Exit codes:" in shown.stdout
    names = ("serve", "work", "migrate", "demo", "doctor", "review")
    assert all(name in shown.stdout for name in names)
    for name in names:
        assert f"nofx {name}" in nofx(FakeService(), name, "--help").stdout


def test_unknown_options_end_in_exit_code_2() -> None:
    """Typer's own complaint keeps to the documented codes."""
    assert nofx(FakeService(), "work", "--colour").exit_code == 2
    assert nofx(FakeService(), "serve", "--port", "70000").exit_code == 2


def test_only_a_terminal_sees_that_something_is_going_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A spinner in a log file would be noise."""
    monkeypatch.setenv("TERM", "xterm")
    for stream, seen in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with working("Reviewing"):
            pass
        assert ("Reviewing" in stream.getvalue()) is seen


def test_a_quiet_command_logs_only_what_matters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`nofx serve` logs everything; NOFX_LOG_LEVEL wins over both."""
    levels = []
    for command in ("demo", "serve"):
        nofx(FakeService(), command)
        levels.append(logging.getLogger("bot").getEffectiveLevel())
    monkeypatch.setenv("NOFX_LOG_LEVEL", "debug")
    nofx(FakeService(), "demo")
    levels.append(logging.getLogger("bot").getEffectiveLevel())
    assert levels == [logging.WARNING, logging.INFO, logging.DEBUG]
