"""The embedded database is killed, moved, shared and broken, and nothing is lost."""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import (
    DataFolderError,
    EmbeddedServerFailedError,
    EmbeddedServerMissingError,
    StoreUnavailableError,
)
from core.store.database import Database, DuplicateKeyError, connect, translating
from core.store.embedded import EmbeddedServer
from core.store.embedded_process import (
    LOOPBACK,
    ServerRecord,
    find_program,
    listens,
    pid_at,
)
from tests.fakes.clock import FakeClock

ROOT = Path(__file__).parents[2]
CLOCK = SystemClock()
PROGRAM = find_program(Path(sys.executable))


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; the test's own time-out is the bound."""
    while not condition():
        await CLOCK.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Return whether the process still runs; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def port_of(server: EmbeddedServer) -> int:
    """Return the port in the server's address."""
    return int(server.url.rstrip("/").rpartition(":")[2])


@asynccontextmanager
async def opened(server: EmbeddedServer) -> AsyncIterator[EmbeddedServer]:
    """Open a server that nobody watches, and close it."""
    await server.open()
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def watched(server: EmbeddedServer) -> AsyncIterator[EmbeddedServer]:
    """Open a server that is looked after, and close it."""
    async with opened(server):
        watcher = asyncio.create_task(server.keep_running())
        yield server
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def insert_surely(database: Database, number: int) -> None:
    """Insert until it is known to be stored, as nofx's own writers do."""
    while True:
        try:
            with translating():
                await database.db["acknowledged"].insert_one({"_id": number})
        except StoreUnavailableError:
            await CLOCK.sleep(0.05)
        except DuplicateKeyError:
            return  # the try before was stored, though its answer was lost
        else:
            return


async def test_a_killed_server_comes_back_with_all_it_acknowledged(
    tmp_path: Path,
) -> None:
    """Killed twice under load: same address, same client, not one document less."""
    done: set[int] = set()

    async def write(database: Database, first: int) -> None:
        for number in range(first, first + 150):
            await insert_surely(database, number)
            done.add(number)

    async with EmbeddedServer.running(tmp_path, clock=CLOCK) as server:
        database = connect(server.url, embedded=True)
        pids = {server.pid}
        async with asyncio.TaskGroup() as writers:
            for first in range(0, 4000, 1000):
                writers.create_task(write(database, first))
            await until(lambda: len(done) > 100)
            os.kill(server.pid, signal.SIGKILL)
            await until(lambda: server.pid not in pids)
            pids.add(server.pid)
            await until(lambda: len(done) > 300)
            os.kill(server.pid, signal.SIGKILL)
            await until(lambda: server.pid not in pids)
            pids.add(server.pid)
        cursor = database.db["acknowledged"].find({})
        assert {found["_id"] async for found in cursor} == done
        assert len(done) == 600
        await database.close()
    assert len(pids) == 3
    assert not any(is_alive(pid) for pid in pids)


PARENT = """
    import asyncio, sys
    from pathlib import Path
    from core.clock import SystemClock
    from core.store.embedded import EmbeddedServer

    async def main():
        folder = Path(sys.argv[1])
        async with EmbeddedServer.running(folder, clock=SystemClock()) as server:
            print(server.pid, flush=True)
            await asyncio.Event().wait()

    asyncio.run(main())
"""


async def test_the_server_dies_with_its_parent(tmp_path: Path) -> None:
    """The parent is killed with SIGKILL and has no say; the server goes all the same.

    The next nofx on the folder starts anew, on the port that it had.
    """
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    before = ServerRecord.read(tmp_path / "server.json")
    assert is_alive(pid)
    parent.kill()
    await parent.wait()
    await until(lambda: not is_alive(pid))
    async with opened(EmbeddedServer(tmp_path, clock=CLOCK)) as server:
        assert server.owned
        assert before is not None
        assert port_of(server) == before.port


async def test_a_second_opener_shares_the_server(tmp_path: Path) -> None:
    """Both see the same data; only the one that started it stops it."""
    async with opened(EmbeddedServer(tmp_path, clock=CLOCK)) as first:
        async with opened(EmbeddedServer(tmp_path, clock=CLOCK)) as second:
            assert (first.owned, second.owned) == (True, False)
            assert (first.url, first.pid) == (second.url, second.pid)
        assert await asyncio.to_thread(pid_at, port_of(first)) == first.pid
    assert not is_alive(first.pid)


async def test_openers_at_the_same_moment_agree_on_one_server(tmp_path: Path) -> None:
    """Five start at once: one wins, the others attach to it."""
    servers = [EmbeddedServer(tmp_path, clock=CLOCK) for _ in range(5)]
    await asyncio.gather(*(server.open() for server in servers))
    assert sorted(server.owned for server in servers) == [False] * 4 + [True]
    assert len({server.pid for server in servers}) == 1
    for server in servers:
        await server.close()


async def test_who_is_left_takes_over(tmp_path: Path) -> None:
    """The owner stops; the one that was attached carries on at the same address."""
    owner = EmbeddedServer(tmp_path, clock=CLOCK)
    await owner.open()
    async with EmbeddedServer.running(tmp_path, clock=CLOCK) as heir:
        database = connect(heir.url, embedded=True)
        await insert_surely(database, 1)
        await owner.close()
        await until(lambda: heir.owned)
        assert heir.pid != owner.pid
        assert heir.url == owner.url
        await insert_surely(database, 2)
        assert {found["_id"] async for found in database.db["acknowledged"].find({})}
        await database.close()


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1, "port": 70000}'])
async def test_a_corrupted_record_means_a_new_start(tmp_path: Path, text: str) -> None:
    """Somebody wrote nonsense into server.json."""
    (tmp_path / "server.json").write_text(text)
    async with opened(EmbeddedServer(tmp_path, clock=CLOCK)) as server:
        assert server.owned
        record = ServerRecord(pid=server.pid, port=port_of(server))
        assert ServerRecord.read(tmp_path / "server.json") == record


async def test_a_record_of_another_process_is_not_believed(
    tmp_path: Path, mongodb_url: str
) -> None:
    """A database answers on the recorded port, and it is not this folder's."""
    port = int(mongodb_url.rstrip("/").rpartition(":")[2])
    ServerRecord(pid=os.getpid(), port=port).write(tmp_path / "server.json")
    async with opened(EmbeddedServer(tmp_path, clock=CLOCK)) as server:
        assert server.owned
        assert port_of(server) != port


async def test_a_taken_port_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program took the port between the choice and the start."""
    monkeypatch.setattr("core.store.embedded_process.ANSWER_TIMEOUT_MS", 100)
    with socket.create_server((LOOPBACK, 0)) as stranger:
        port = stranger.getsockname()[1]
        ServerRecord(pid=os.getpid(), port=port).write(tmp_path / "server.json")
        async with opened(EmbeddedServer(tmp_path, clock=CLOCK)) as server:
            assert port_of(server) != port


async def test_somebody_elses_configuration_is_not_read(tmp_path: Path) -> None:
    """A secantusd.toml where the server would look for one changes nothing."""
    (tmp_path / ".secantus").mkdir()
    for place in (tmp_path, tmp_path / ".secantus"):
        (place / "secantusd.toml").write_text("auth = true\nnonsense = [")
    async with opened(EmbeddedServer(tmp_path, clock=CLOCK)) as server:
        database = connect(server.url, embedded=True)
        await insert_surely(database, 1)
        await database.close()


async def test_the_terminal_stays_quiet(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the server prints goes to its log, even when it cannot have its folder."""
    monkeypatch.setattr("core.store.embedded.RETRY_SECONDS", 0.1)
    async with opened(EmbeddedServer(tmp_path, clock=CLOCK)):
        (tmp_path / "server.json").unlink()
        with pytest.raises(EmbeddedServerFailedError, match="busy"):
            await EmbeddedServer(tmp_path, clock=CLOCK).open()
    assert capfd.readouterr() == ("", "")
    assert "busy" in (tmp_path / "database.log").read_text()


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
    """It gets its ten seconds, then nofx goes on shutting down."""
    clock = FakeClock(skipping=True)
    server = EmbeddedServer(tmp_path, clock=CLOCK)
    await server.open()
    os.kill(server.pid, signal.SIGSTOP)
    server._clock = clock
    await server.close()
    assert clock.monotonic() > 10
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
        await until(lambda: not is_alive(server.pid))
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
