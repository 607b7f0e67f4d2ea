"""What keeps the embedded database from starting or stopping is said, or mended."""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest

from core.errors import (
    DataFolderError,
    EmbeddedServerFailedError,
    EmbeddedServerMissingError,
)
from core.store.embedded import EmbeddedServer
from core.store.embedded_process import (
    LOOPBACK,
    ServerRecord,
    find_program,
    listens,
    pid_at,
)
from tests.fakes.clock import FakeClock
from tests.fakes.embedded import CLOCK, is_alive, opened, port_of, until, watched

PROGRAM = find_program(Path(sys.executable))


@pytest.mark.parametrize("name", ["", "database", "database.log", "server.lock"])
async def test_a_folder_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    """Something else stands where a file or folder of ours should be."""
    folder = tmp_path / "data"
    if name:
        folder.mkdir()
    if name in {"", "database"}:
        (folder / name).write_text("in the way")
    else:
        (folder / name).mkdir()
    with pytest.raises(DataFolderError, match=str(folder)) as caught:
        await EmbeddedServer(folder, clock=CLOCK).open()
    assert "NOFX_DATA_DIR" in caught.value.way_out


def script(folder: Path, text: str) -> Path:
    """Make a program that stands in for a broken server."""
    path = folder / "server"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo disk is broken; exit 3", "disk is broken"),
        ("exit 3", "ended with code 3"),
        ("exec sleep 60", "did not answer within 20 seconds"),
    ],
)
async def test_a_server_that_does_not_start_says_why(
    tmp_path: Path, text: str, reason: str
) -> None:
    """Its last words are in the error, and where to read more."""
    clock = FakeClock(skipping="sleep" in text) if "sleep" in text else CLOCK
    server = EmbeddedServer(tmp_path, clock=clock, program=script(tmp_path, text))
    with pytest.raises(EmbeddedServerFailedError, match=reason) as caught:
        await server.open()
    assert "database.log" in caught.value.way_out


async def test_a_start_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    """Ctrl-C while the database boots."""
    program = script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    starting = asyncio.create_task(
        EmbeddedServer(tmp_path, clock=CLOCK, program=program).open()
    )
    pid = tmp_path / "pid"
    await until(lambda: pid.exists() and bool(pid.read_text().strip()))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not is_alive(int(pid.read_text()))


async def test_a_server_that_hangs_is_killed_when_stopping(tmp_path: Path) -> None:
    """It gets its five seconds, then nofx goes on shutting down."""
    clock = FakeClock(skipping=True)
    server = EmbeddedServer(tmp_path, clock=CLOCK)
    await server.open()
    os.kill(server.pid, signal.SIGSTOP)
    server._clock = clock
    await server.close()
    assert clock.monotonic() > 5
    assert not is_alive(server.pid)


async def test_a_start_that_never_ends_is_not_waited_for(tmp_path: Path) -> None:
    """Another process holds the lock on starting for more than half a minute."""
    with (tmp_path / "server.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EmbeddedServerFailedError, match="starting it for too long"):
            await EmbeddedServer(tmp_path, clock=FakeClock(skipping=True)).open()


async def test_a_restart_that_fails_is_tried_again(tmp_path: Path) -> None:
    """The program was away during an upgrade; when it is back, so is the database."""
    program = tmp_path / "program"
    shutil.copy(PROGRAM, program)
    async with watched(
        EmbeddedServer(tmp_path, clock=CLOCK, program=program)
    ) as server:
        pid = server.pid
        program.rename(tmp_path / "away")
        log = tmp_path / "database.log"
        os.kill(pid, signal.SIGKILL)
        await until(lambda: "No such file" in log.read_text())
        (tmp_path / "away").rename(program)
        await until(lambda: server.pid != pid)
        assert server.owned


async def test_a_restart_waits_for_its_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger took the port while the server was down: clients know no other."""
    monkeypatch.setattr("core.store.embedded_process.ANSWER_TIMEOUT_MS", 100)
    server = EmbeddedServer(tmp_path, clock=CLOCK)
    async with opened(server):
        port = port_of(server)
        os.kill(server.pid, signal.SIGKILL)
        await until(lambda: not listens(port))
        with socket.create_server((LOOPBACK, port)):
            starting = asyncio.create_task(server.open())
            log = tmp_path / "database.log"
            await until(lambda: "Address already in use" in log.read_text())
        await starting
        assert port_of(server) == port


async def test_a_server_that_moved_is_reported(
    tmp_path: Path, mongodb_url: str
) -> None:
    """Our clients hold the old address, so attaching to a new one would be a lie."""
    port = int(mongodb_url.rstrip("/").rpartition(":")[2])
    server = EmbeddedServer(tmp_path, clock=CLOCK)
    async with opened(server):
        pid = await asyncio.to_thread(pid_at, port)
        assert pid is not None
        await server.open()  # it runs: there is nothing to do
        os.kill(server.pid, signal.SIGKILL)
        assert server._process is not None
        await until(server._process.has_ended)
        ServerRecord(pid=pid, port=port).write(tmp_path / "server.json")
        with pytest.raises(EmbeddedServerFailedError, match=f"moved it to port {port}"):
            await server.open()


async def test_without_its_program_nothing_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra `embedded` was not installed."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedServerMissingError):
        await EmbeddedServer(tmp_path, clock=CLOCK).open()
