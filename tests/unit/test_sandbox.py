"""A child in the sandbox runs within its walls, is measured, and leaves nothing."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import SandboxUnavailableError, UnsafePathError
from core.sandbox import Command, Limits, Sandbox
from core.sandbox.walls import BUBBLEWRAP

NOWHERE = Path("/no/bubblewrap/here")
MIB = 1 << 20


def python(code: str, **rest: object) -> Command:
    """Return a command that runs a few lines of Python."""
    return Command(argv=(sys.executable, "-I", "-S", "-c", code), **rest)  # type: ignore[arg-type] # passed on as given


@pytest.fixture(params=["bubblewrap", "limits"])
async def sandbox(request: pytest.FixtureRequest, temporary: Path) -> Sandbox:
    """Give each kind of wall in turn; skip the one that this machine refuses."""
    assert str(temporary) == tempfile.gettempdir()
    walls = {"bubblewrap": BUBBLEWRAP, "limits": NOWHERE}
    sandbox = Sandbox(bubblewrap=walls[request.param])
    if await sandbox.isolation() != request.param:
        pytest.skip("bubblewrap does not work on this machine")
    return sandbox


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Give the folder in which sandboxes make theirs, and see that none is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


async def test_a_program_answers(sandbox: Sandbox) -> None:
    """Input, output, exit code and the kind of walls come back."""
    code = "import sys; print(sys.stdin.read()[::-1]); sys.exit(3)"
    result = await sandbox.run(python(code, stdin=b"abc"))
    assert result.stdout == b"cba\n"
    assert (result.exit_code, result.signal) == (3, None)
    assert result.killed_by is None
    assert not result.truncated
    assert result.isolation == await sandbox.isolation()


async def test_it_sees_its_files_and_no_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder holds the files; the service's variables are not there."""
    monkeypatch.setenv("NOFX_PRIVATE_KEY", "hush")
    code = "import os; print(open('a/b.txt').read(), sorted(os.environ))"
    result = await sandbox.run(
        python(code, files={"a/b.txt": b"content"}, environment={"EXTRA": "1"})
    )
    assert result.stdout.startswith(b"content")
    assert b"hush" not in result.stdout
    assert b"NOFX" not in result.stdout
    assert b"EXTRA" in result.stdout


async def test_home_is_in_its_own_folder(sandbox: Sandbox, temporary: Path) -> None:
    """What a program writes at home goes away with the folder."""
    code = "import os; p = os.environ['HOME']; open(p + '/x', 'w').close(); print(p)"
    result = await sandbox.run(python(code))
    assert result.stdout.startswith(os.fsencode(temporary))


async def test_a_child_that_sleeps_is_killed(sandbox: Sandbox) -> None:
    """The wall clock ends it, and it is measured all the same."""
    result = await sandbox.run(
        python("import time; time.sleep(60)", limits=Limits(wall_seconds=0.3))
    )
    assert result.killed_by == "timeout"
    assert result.signal == signal.SIGKILL
    assert result.peak_memory_bytes > MIB


async def test_a_child_that_spins_is_killed(sandbox: Sandbox) -> None:
    """Processor time ends it, and is what was measured."""
    result = await sandbox.run(python("while 1: pass", limits=Limits(cpu_seconds=1)))
    assert result.killed_by == "cpu"
    assert 0.5 < result.cpu_seconds < 3


async def test_memory_is_refused(sandbox: Sandbox) -> None:
    """A program that asks for too much does not get it, and the outcome says why."""
    limits = Limits(memory_bytes=200 * MIB)
    result = await sandbox.run(python("x = b'x' * (300 << 20)", limits=limits))
    assert result.killed_by == "memory"


async def test_memory_is_the_program_s_own(sandbox: Sandbox) -> None:
    """The service's own size does not count as the child's."""
    ballast = b"x" * (300 * MIB)
    small = await sandbox.run(python("pass"))
    large = await sandbox.run(python("x = b'x' * (100 << 20)"))
    assert small.peak_memory_bytes < 60 * MIB < len(ballast)
    assert 100 * MIB < large.peak_memory_bytes < 160 * MIB


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_output_is_cut_while_it_comes(sandbox: Sandbox, stream: str) -> None:
    """A child that never stops talking is stopped at the cap."""
    code = f"import sys\nwhile 1: sys.{stream}.write('x' * 9999)"
    result = await sandbox.run(python(code, limits=Limits(output_bytes=1000)))
    assert result.killed_by == "output"
    assert result.truncated
    assert len(result.stdout) + len(result.stderr) == 1000


async def test_files_stay_small(sandbox: Sandbox) -> None:
    """A file beyond its limit cannot be written."""
    code = "open('big', 'wb').write(b'x' * 2000000)"
    result = await sandbox.run(python(code, limits=Limits(file_bytes=MIB)))
    assert result.exit_code != 0


async def test_cancelling_kills_and_cleans(sandbox: Sandbox, temporary: Path) -> None:
    """When its task is cancelled, no process and no folder is left."""
    await sandbox.isolation()
    task = asyncio.create_task(sandbox.run(python("import time; time.sleep(60)")))
    home = await _folder(temporary)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _running(str(home))


async def test_cancelling_twice_still_cleans(sandbox: Sandbox, temporary: Path) -> None:
    """A second cancellation during the clean-up does not stop the clean-up."""
    await sandbox.isolation()
    task = asyncio.create_task(sandbox.run(python("import time; time.sleep(60)")))
    await _folder(temporary)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_it_left_behind_is_killed(sandbox: Sandbox) -> None:
    """A background process of the command dies with it, and does not hold us up."""
    code = "import os, time\nif os.fork() == 0:\n    time.sleep(60)\nprint('done')"
    result = await sandbox.run(python(code))
    assert result.stdout == b"done\n"
    assert result.wall_seconds < 30


async def test_stopping_the_launcher_does_not_help(
    sandbox: Sandbox, temporary: Path
) -> None:
    """A command that freezes its launcher is killed none the less."""
    mark = str(temporary)
    code = f"import os, time; os.kill(os.getppid(), 19); time.sleep(60) # {mark}"
    result = await sandbox.run(python(code, limits=Limits(wall_seconds=0.5)))
    assert result.killed_by == "timeout"
    _until(lambda: not _running(f"# {mark}"))


async def test_many_at_once_do_not_mix(sandbox: Sandbox) -> None:
    """Several tasks share a sandbox, and the loop goes on meanwhile."""
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.01)

    heart = asyncio.create_task(beat())
    code = "import time; time.sleep(.2); print(open('n').read())"
    results = await asyncio.gather(
        *(
            sandbox.run(python(code, files={"n": str(number).encode()}))
            for number in range(6)
        )
    )
    heart.cancel()
    assert [int(result.stdout) for result in results] == list(range(6))
    assert beats > 5


async def test_a_folder_of_ours_can_be_read(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With `workdir` the program starts there."""
    workdir = tmp_path_factory.mktemp("work")
    (workdir / "note").write_text("here")
    result = await sandbox.run(python("print(open('note').read())", workdir=workdir))
    assert result.stdout == b"here\n"


async def test_an_unknown_program_is_a_clear_error(
    sandbox: Sandbox, temporary: Path
) -> None:
    """A program that is not there, or cannot be run, is named."""
    with pytest.raises(SandboxUnavailableError, match="no-such-program"):
        await sandbox.run(Command(argv=("no-such-program",)))
    broken = temporary.parent / "broken-program"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    with pytest.raises(SandboxUnavailableError, match="format"):
        await sandbox.run(Command(argv=(str(broken),)))


async def test_hostile_names_are_refused(sandbox: Sandbox) -> None:
    """A name that leads out of the folder stops the run before it starts."""
    with pytest.raises(UnsafePathError):
        await sandbox.run(python("pass", files={"../../escape": b""}))


async def test_bubblewrap_hides_the_machine() -> None:
    """Behind bubblewrap: no home folders, no writing elsewhere, no network."""
    sandbox = Sandbox()
    if await sandbox.isolation() != "bubblewrap":
        pytest.skip("bubblewrap does not work on this machine")
    code = (
        "import os, socket\n"
        "print(os.path.exists('/etc/passwd'))\n"
        "print([name for _, name in socket.if_nameindex()])\n"
        "for path in ('/usr/x', '/x', os.path.expanduser('~') + '/x'):\n"
        "    try: open(path, 'w'); print('wrote')\n"
        "    except OSError: print('refused')\n"
    )
    result = await sandbox.run(python(code))
    shown = result.stdout.decode().split("\n")
    assert shown == ["False", "['lo']", "refused", "refused", "wrote", ""]
    shared = await sandbox.run(
        python("import os; print(os.path.exists('/etc/hosts'))", network=True)
    )
    assert shared.stdout == b"True\n"


def test_a_child_dies_with_the_service(tmp_path: Path) -> None:
    """After kill -9 of the service, the launcher kills the command."""
    script = (
        "import asyncio, sys, pathlib\n"
        "from core.sandbox import Command, Sandbox\n"
        f"code = 'import time; time.sleep(60) # {tmp_path}'\n"
        "command = Command(argv=(sys.executable, '-c', code))\n"
        "sandbox = Sandbox(bubblewrap=pathlib.Path('/no'))\n"
        "asyncio.run(sandbox.run(command))\n"
    )
    words = [sys.executable, "-c", script]
    # Kill -9 leaves the folder behind, so it goes where the test's own files go.
    place = {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, env=place) as service:  # noqa: S603 - the script stands above
        mark = f"# {tmp_path}"
        _until(lambda: len(_running(mark)) > 2)
        service.kill()
    _until(lambda: not _running(mark))


def _running(mark: str) -> list[str]:
    """Return the command lines on this machine that hold `mark`."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended while we looked
            lines.append(path.read_text(errors="replace").replace("\0", " "))
    return [line for line in lines if mark in line]


async def _folder(temporary: Path) -> Path:
    """Wait until a sandbox has made its folder, and return it."""

    def made() -> list[Path]:
        return [path.parent for path in temporary.glob("*/work")]

    await asyncio.to_thread(_until, made)
    return made()[0]


def _until(condition: Callable[[], object]) -> None:
    """Wait until something is so; the test's own time limit ends a vain wait."""
    while not condition():
        time.sleep(0.02)
