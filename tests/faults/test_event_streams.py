"""Clients that do not read, servers that die or stop: nobody else is held up."""

import asyncio
import random
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession, TCPConnector
from prometheus_client import REGISTRY

from bot.api.stream_outlet import DRAIN_SECONDS
from bot.schema import SCHEMA
from core.access.service import Tokens
from core.access.store import TokenStore
from core.access.tokens import Scope
from core.clock import Ids, SystemClock
from core.events.commit import Draft
from core.events.journal import Journal
from core.events.schema import RunSuperseded
from core.store.database import Database
from core.store.migrate import migrate
from tests.fakes.api import ApiStage, api_stage
from tests.fakes.event_stream import Message, StreamParser
from tests.fakes.histories import append
from tests.fakes.streaming import Stream, feeding, happen, listening
from tests.fakes.waiting import eventually

ROOT = Path(__file__).parents[2]
CLOCK = SystemClock()
LARGE = 40_000
EVENTS = 60
KILLS = 4


def closed(why: str) -> float:
    """Return how many streams have ended for a reason."""
    found = REGISTRY.get_sample_value("nofx_sse_closed_total", {"reason": why})
    return found or 0.0


def patience(api: ApiStage) -> list[int]:
    """Return for how many milliseconds the kernel waits on each open connection."""
    runner = api.client.server.runner
    assert runner is not None
    assert runner.server is not None
    transports = [one.transport for one in runner.server.connections]
    sockets = [one.get_extra_info("socket") for one in transports if one is not None]
    option = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    return [one.getsockopt(*option) for one in sockets]


async def say_much(api: ApiStage) -> None:
    """Append more than all the buffers between here and a client hold."""
    for number in range(EVENTS):
        much = RunSuperseded(by_run="x" * LARGE, head_sha="a" * 40)
        draft = Draft(stream=f"x/m{number}", seq=1, time=CLOCK.now(), events=(much,))
        await api.base.runs.journal.append(draft)


@asynccontextmanager
async def never_reading(api: ApiStage) -> AsyncIterator[socket.socket]:
    """Ask for a stream, and take nothing of it."""
    secret, url = await api.token(), api.client.make_url("/")
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)  # noqa: FBT003 # its own name for it
        await loop.sock_connect(sock, (url.host, url.port))
        lines = ("GET /events/stream HTTP/1.1", "Host: localhost")
        head = "\r\n".join([*lines, f"Authorization: Bearer {secret}", "", ""])
        await loop.sock_sendall(sock, head.encode())
        yield sock


async def test_a_client_that_does_not_read_is_cut_off_and_holds_up_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept for it is bounded, and so is how long it is waited for."""
    monkeypatch.setattr("bot.api.stream_outlet.DRAIN_SECONDS", 0.5)
    slow = closed("slow")
    async with (
        api_stage(database) as api,
        feeding(api),
        never_reading(api),
        listening(api) as other,
    ):
        await other.until_live()
        await say_much(api)
        await other.until_told(EVENTS)
        assert other.positions == list(range(1, EVENTS + 1))
        await eventually(lambda: closed("slow") == slow + 1)
        await happen(api, "x/1", range(1, 2))
        await other.until_told(EVENTS + 1)


async def test_who_is_slow_is_cut_off_by_us_and_not_by_the_kernel(
    database: Database,
) -> None:
    """The kernel counts from when its own buffer is full, so it needs more patience."""
    async with api_stage(database) as api, never_reading(api):
        await eventually(lambda: any(patience(api)))
        assert max(patience(api)) > 2000 * DRAIN_SECONDS


async def test_who_does_not_read_keeps_no_process_from_ending(
    database: Database,
) -> None:
    """Left alone, it would be waited for as long as while the process serves."""
    async with (
        api_stage(database) as api,
        feeding(api),
        never_reading(api),
        listening(api) as other,
    ):
        await other.until_live()
        await say_much(api)
        await other.until_told(EVENTS)
        async with asyncio.timeout(0.6 * DRAIN_SECONDS):
            await api.client.server.close()


async def test_stopping_ends_every_stream_and_tells_when_to_come_back(
    database: Database,
) -> None:
    """Two hundred that wait for events do not keep the process from ending."""
    unlimited = ClientSession(connector=TCPConnector(limit=0))
    async with api_stage(database) as api, unlimited as session:
        headers = {"Authorization": f"Bearer {await api.token()}"}
        url = api.client.make_url("/events/stream")
        streams = [Stream(await session.get(url, headers=headers)) for _ in range(200)]
        await asyncio.gather(*(one.until_live() for one in streams))
        for one in streams:
            one.parser.retry = None
        # Left alone, the server would wait for them for a minute.
        async with asyncio.timeout(20):
            await api.client.server.close()
            await asyncio.gather(*(one.rest() for one in streams))
        moments = {one.parser.retry for one in streams}
        assert None not in moments
        assert len(moments) > 100


class Service:
    """Two processes that serve one database, of which one is killed now and then."""

    def __init__(self, url: str) -> None:
        self.ports: list[int] = []
        self._url = url
        self._processes: list[asyncio.subprocess.Process] = []

    async def start(self) -> None:
        """Start one more process."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.stream_process", self._url),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        self.ports.append(int(await process.stdout.readline()))
        self._processes.append(process)

    async def kill(self, which: int) -> None:
        """Kill a process between any two of its instructions."""
        self.ports.pop(which)
        process = self._processes.pop(which)
        process.kill()
        await process.wait()

    async def end(self) -> None:
        """Kill what is left."""
        while self._processes:
            await self.kill(0)


@pytest.fixture
async def service(mongodb_url: str, database: Database) -> AsyncIterator[Service]:
    """Give two processes that serve and feed."""
    await migrate(database, SCHEMA)
    service = Service(f"{mongodb_url}{database.db.name}?retryWrites=false")
    try:
        await asyncio.gather(service.start(), service.start())
        yield service
    finally:
        await service.end()


class Faithful:
    """A client that comes back to whichever process is there, with its last id."""

    def __init__(self, service: Service, secret: str) -> None:
        self.got: list[Message] = []
        self.connected_to = 0
        self._service = service
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._last_id = "0"

    @property
    def positions(self) -> list[int]:
        """Return the positions of the events."""
        return [int(one.last_id) for one in self.got if one.name == "message"]

    async def listen(self) -> None:
        """Listen for ever."""
        async with ClientSession() as session:
            while True:
                self.connected_to = self._service.ports[0]
                with suppress(ClientError):
                    await self._once(session)
                await asyncio.sleep(0.02)

    async def _once(self, session: ClientSession) -> None:
        parser = StreamParser(last_id=self._last_id)
        url = f"http://127.0.0.1:{self.connected_to}/events/stream"
        headers = {**self._headers, "Last-Event-ID": self._last_id}
        async with session.get(url, headers=headers) as response:
            async for data in response.content.iter_any():
                self.got += parser.feed(data)
                self._last_id = parser.last_id


async def test_a_client_of_killed_processes_hears_everything_once(
    service: Service, database: Database, chaos_seed: int
) -> None:
    """It goes on at the other process, which may be behind what it has heard."""
    rng = random.Random(chaos_seed)  # noqa: S311 # when to kill, told with a failure
    journal = Journal(database, clock=CLOCK, ids=Ids(CLOCK))
    tokens = Tokens(TokenStore(database), clock=CLOCK, ids=Ids(CLOCK))
    client = Faithful(service, (await tokens.create([Scope.READ])).secret)
    listening = asyncio.create_task(client.listen())
    said = 0
    for _ in range(KILLS):
        for _ in range(rng.randrange(5, 30)):
            said += 1
            await append(journal, CLOCK, f"x/{said}", 1)
        await service.kill(service.ports.index(client.connected_to))
        await service.start()
    await eventually(lambda: len(client.positions) >= said)
    listening.cancel()
    assert client.positions == list(range(1, said + 1))
    assert "stream.reset" not in {one.name for one in client.got}
    await journal.close()
