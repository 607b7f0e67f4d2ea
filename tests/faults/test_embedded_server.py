"""The embedded database is killed, shared and inherited, and nothing is lost."""

import asyncio
import os
import signal
import socket
import sys
import textwrap
from contextlib import nullcontext
from pathlib import Path

import pytest
from pymongo import WriteConcern

from core.errors import (
    ChangesMissingError,
    EmbeddedServerFailedError,
    StoreUnavailableError,
)
from core.store.database import Database, DuplicateKeyError, connect, translating
from core.store.embedded import EmbeddedServer
from core.store.embedded_process import (
    LOOPBACK,
    ServerRecord,
    pid_at,
)
from tests.fakes.embedded import CLOCK, is_alive, opened, port_of, until

ROOT = Path(__file__).parents[2]


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
    """Killed twice under load: same address, same client, not one document less.

    The writers do not ask for the journal, so it is the server that must keep it.
    """
    done: set[int] = set()

    async def write(database: Database, first: int) -> None:
        for number in range(first, first + 100):
            await insert_surely(database, number)
            done.add(number)

    async with EmbeddedServer.running(tmp_path, clock=CLOCK) as server:
        kept = connect(server.url, embedded=True)
        unkept = kept.db.with_options(write_concern=WriteConcern("majority"))
        database = Database(kept.client, unkept)
        pids = {server.pid}
        async with asyncio.TaskGroup() as writers:
            for first in range(0, 12000, 1000):
                writers.create_task(write(database, first))
            await until(lambda: len(done) > 100)
            os.kill(server.pid, signal.SIGKILL)
            await until(lambda: server.pid not in pids)
            pids.add(server.pid)
            await until(lambda: len(done) > 500)
            os.kill(server.pid, signal.SIGKILL)
            await until(lambda: server.pid not in pids)
            pids.add(server.pid)
        cursor = database.db["acknowledged"].find({})
        assert {found["_id"] async for found in cursor} == done
        assert len(done) == 1200
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


async def test_a_folder_is_served_with_and_without_change_streams(
    tmp_path: Path,
) -> None:
    """What one kind of server stored the other serves; nofx's own keeps no oplog."""
    for number, telling in enumerate((True, False, True)):
        server = EmbeddedServer(tmp_path, clock=CLOCK, change_streams=telling)
        async with opened(server):
            database = connect(server.url, embedded=True)
            await database.db["kept"].insert_one({"_id": number})
            found = await database.db["kept"].find({}).to_list(None)
            assert [one["_id"] for one in found] == [*range(number + 1)]
            expected = nullcontext() if telling else pytest.raises(ChangesMissingError)
            with expected:
                async with database.changes("kept", {}):
                    pass
            await database.close()


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
