"""Each child of the sandbox is counted once, by what ended it."""

import asyncio
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.errors import SandboxUnavailableError
from core.metrics.handler_cpu import handled
from core.metrics.handlers import HANDLERS
from core.metrics.registry import REGISTRY
from core.metrics.sandbox import PROGRAMS
from core.sandbox import Command, Limits, Sandbox
from tests.fakes.measures import Measures

PYTHON = Path(sys.executable).name
PROGRAMS.allow(PYTHON)
HANDLERS.allow("test:sandbox")
MEBIBYTE = 1 << 20


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Give a sandbox whose walls are the same on every machine."""
    return Sandbox(bubblewrap=tmp_path / "missing")


def script(text: str, **limits: float) -> Command:
    """Return a command that runs a Python script within limits."""
    program = (sys.executable, "-I", "-S", "-c", text)
    return Command(argv=program, limits=Limits(**limits))  # type: ignore[arg-type] # numbers


@pytest.mark.parametrize(
    ("command", "ended"),
    [
        (script("print('fine')"), "ok"),
        (script("raise SystemExit(3)"), "failed"),
        (script("while True: pass", wall_seconds=0.3), "timeout"),
        (script("x = b'x' * (1 << 30)", memory_bytes=128 * MEBIBYTE), "memory"),
        (script("while True: print('x' * 1000)", output_bytes=10_000), "output"),
        (script("while True: pass", cpu_seconds=1), "cpu"),
    ],
    ids=["ok", "failed", "timeout", "memory", "output", "cpu"],
)
async def test_a_child_is_counted_by_what_ended_it(
    sandbox: Sandbox, command: Command, ended: str
) -> None:
    """And nothing is left of it in the gauge of those that run."""
    measures = Measures()
    with capture_logs() as logs:
        outcome = await sandbox.run(command)
    (told,) = logs
    by_itself = ended in ("ok", "failed")
    assert told["log_level"] == ("debug" if by_itself else "warning")
    assert (told["event"], told["program"], told["ended"]) == (
        *("sandbox.ended", PYTHON),
        ended,
    )
    assert measures.all_moved("nofx_sandbox_runs_total") == {
        (ended, "limits", PYTHON): 1
    }
    used = measures.moved("nofx_sandbox_cpu_seconds_sum", program=PYTHON)
    assert used == pytest.approx(outcome.cpu_seconds)
    peak = measures.moved("nofx_sandbox_peak_memory_bytes_sum", program=PYTHON)
    assert peak == outcome.peak_memory_bytes
    assert REGISTRY.get_sample_value("nofx_sandbox_active") == 0


async def test_a_childs_memory_is_its_handlers(sandbox: Sandbox) -> None:
    """A child of nobody's is only the sandbox's."""
    measures = Measures()
    hungry = script(f"x = b'x' * {64 * MEBIBYTE}")
    await sandbox.run(hungry)
    assert measures.all_moved("nofx_handler_memory_bytes_count") == {}
    outcome = await handled("test:sandbox", sandbox.run(hungry))
    peak = measures.moved("nofx_handler_memory_bytes_sum", handler="test:sandbox")
    assert peak == outcome.peak_memory_bytes > 64 * MEBIBYTE


async def test_a_child_that_nobody_waits_for_is_counted_too(sandbox: Sandbox) -> None:
    """A step whose time is over says with this what it still waited for."""
    measures = Measures()
    with capture_logs() as logs, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await sandbox.run(script("while True: pass"))
    assert measures.all_moved("nofx_sandbox_runs_total") == {
        ("cancelled", "limits", PYTHON): 1
    }
    assert [(one["event"], one["program"]) for one in logs] == [
        ("sandbox.cancelled", PYTHON)
    ]
    assert REGISTRY.get_sample_value("nofx_sandbox_active") == 0


async def test_what_never_started_is_not_counted_as_ended(sandbox: Sandbox) -> None:
    """Nor does it run."""
    measures = Measures()
    with pytest.raises(SandboxUnavailableError):
        await sandbox.run(Command(argv=("no-such-program",)))
    assert measures.all_moved("nofx_sandbox_runs_total") == {}
    assert REGISTRY.get_sample_value("nofx_sandbox_active") == 0
