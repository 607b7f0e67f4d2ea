"""The program as a user starts it: real processes, pipes and signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUIET = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}


def nofx(
    *arguments: str, cwd: Path, environ: Mapping[str, str] = QUIET
) -> subprocess.CompletedProcess[str]:
    """Run `python -m bot` to its end."""
    # Our own program, with a test's own arguments.
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "bot", *arguments],
        cwd=cwd,
        env=dict(environ),
        input="",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def started(cwd: Path, *arguments: str, stdout: int) -> subprocess.Popen[bytes]:
    """Start `python -m bot` with pipes to it."""
    # As above.
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "bot", *arguments],
        cwd=cwd,
        env={**QUIET, "NOFX_APP_ID": "seven"},
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def test_help_in_a_pipe_is_plain_and_complete(tmp_path: Path) -> None:
    """It names the commands and the exit codes, without an escape sequence."""
    done = nofx("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Exit codes: 0 all went well; 1 a finding" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """Server, driver and settings are imported by the commands that need them."""
    code = (
        "import sys, bot.cli.app\n"
        "heavy = {'aiohttp', 'motor', 'pymongo', 'pydantic', 'structlog'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    # As above.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=QUIET,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("review",), "Posting is the service's work"),
        (("review", "--dry-run", "--base", "main"), "no usable git repository"),
        (("review", "--dry-run", "--diff", "no.diff"), "no.diff cannot be read"),
        (("review", "--dry-run", "--diff", "-"), "no change in standard input"),
    ],
)
def test_bad_input_gives_one_message_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """No trace, nothing on standard output."""
    done = nofx(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_shows_the_help(tmp_path: Path) -> None:
    """Whoever types only `nofx` learns what there is."""
    done = nofx(cwd=tmp_path)
    assert done.returncode == 2
    assert "Usage: nofx" in done.stdout + done.stderr


def test_completion_is_offered(tmp_path: Path) -> None:
    """A shell can ask for the script that completes commands."""
    environ = {**QUIET, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = nofx("--show-completion", "bash", cwd=tmp_path, environ=environ)
    assert done.returncode == 0
    assert "_NOFX_COMPLETE=complete_bash" in done.stdout


def test_ctrl_c_ends_in_130_without_a_trace(tmp_path: Path) -> None:
    """Also while it waits for its input."""
    child = started(
        tmp_path, "review", "--dry-run", "--diff", "-", stdout=subprocess.PIPE
    )
    with child:
        assert child.stdin is not None
        # More than a pipe holds: once it is written, the program reads.
        child.stdin.write(b"+" * (1 << 20))
        child.stdin.flush()
        # A signal in the instant before a read blocks is seen after it: press again.
        for _ in range(5):
            child.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=5)
                break
        assert child.returncode == 130
        assert child.stderr is not None
        assert child.stderr.read() == b""


def test_a_reader_that_left_is_no_reason_to_shout(tmp_path: Path) -> None:
    """`nofx doctor | head -0` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    with started(tmp_path, "doctor", stdout=writing) as child:
        os.close(writing)
        _, errors = child.communicate(timeout=60)
    assert (child.returncode, errors) == (141, b"")
