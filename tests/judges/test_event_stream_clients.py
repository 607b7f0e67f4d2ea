"""Other people's clients hear the whole story once, wherever a connection breaks."""

import asyncio
import json
import random
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import httpx_sse
import pytest
import sseclient
import urllib3
from ld_eventsource import SSEClient
from ld_eventsource.config.connect_strategy import ConnectStrategy
from ld_eventsource.config.error_strategy import ErrorStrategy
from ld_eventsource.config.retry_delay_strategy import RetryDelayStrategy

from core.live.recent import CHUNK_BYTES
from core.store.database import Database
from tests.fakes.api import ApiStage, api_stage
from tests.fakes.cutting import Cutting, cutting
from tests.fakes.event_stream import StreamParser
from tests.fakes.streaming import feeding, happen
from tests.judges.npm import installed, unavailable

pytestmark = [pytest.mark.judge, pytest.mark.timeout(300)]
NPM = (
    *("eventsource@4.1.1", "eventsource-parser@3.1.1"),
    *("undici@7.30.2", "launchdarkly-eventsource@2.2.0"),
)
PROGRAM = Path(__file__).with_name("event_stream_clients.mjs")
BEFORE = 12
END = "/x/end"
CUTS = 8
# A frame of this story has about 500 bytes. Half of the connections break early, some
# before the first frame; half after more than one chunk of the answer, for there are
# clients that take nothing of a chunk until they have it whole.
EARLY = range(1, 1400)
LATE = range(CHUNK_BYTES + 1000, CHUNK_BYTES + 4000)
Client = Callable[[str, list[str]], None]


@pytest.fixture
async def api(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ApiStage]:
    """Give a server that asks clients to come back soon, and what has happened."""
    monkeypatch.setattr("bot.api.streams.RETRY_SECONDS", (0.02, 0.05))
    async with api_stage(database) as stage, feeding(stage):
        await happen(stage, "x/1", range(1, BEFORE + 1))
        yield stage


def offsets(seed: int) -> Iterator[int]:
    """Return after how many bytes each connection breaks."""
    rng = random.Random(seed)  # noqa: S311 # places to cut, told with a failure
    for number in range(CUTS):
        yield rng.choice(LATE if number % 2 else EARLY)


def ended(heard: list[str]) -> bool:
    """Return whether the last event of the story was heard; half of one is no JSON."""
    return bool(heard) and json.loads(heard[-1])["source"] == END


def npm_client(name: str) -> Client:
    """Return one of npm's clients, as a program of node."""

    def listen(url: str, heard: list[str]) -> None:
        node = shutil.which("node")
        if node is None:
            unavailable("node is not installed")
        words = [node, str(PROGRAM), str(installed(*NPM)), name, url]
        # A fixed program of this folder.
        done = subprocess.run(  # noqa: S603
            words, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr[-2000:]
        heard += done.stdout.splitlines()

    return listen


def launchdarkly(url: str, heard: list[str]) -> None:
    """Listen as LaunchDarkly's Python client does, which comes back by itself."""
    strategy = RetryDelayStrategy.default(max_delay=0.2)
    with SSEClient(
        ConnectStrategy.http(url),
        initial_retry_delay=0.05,
        retry_delay_strategy=strategy,
        error_strategy=ErrorStrategy.always_continue(),
    ) as client:
        for event in client.events:
            if event.event == "message":
                heard.append(event.data)
            if ended(heard):
                break


def by_httpx(url: str, heard: list[str]) -> None:
    """Listen with httpx-sse, which leaves coming back to its user."""
    last = ""
    while not ended(heard):
        headers = {"Last-Event-ID": last} if last else {}
        with httpx.Client(timeout=20) as client:
            try:
                with httpx_sse.connect_sse(client, "GET", url, headers=headers) as told:
                    for event in told.iter_sse():
                        last = event.id
                        if event.event == "message":
                            heard.append(event.data)
                        if ended(heard):
                            break
            except httpx.TransportError:
                continue


def by_sseclient(url: str, heard: list[str]) -> None:
    """Listen with sseclient-py over urllib3, which leaves coming back to its user."""
    last = ""
    while not ended(heard):
        headers = {"Last-Event-ID": last} if last else {}
        with urllib3.PoolManager() as pool:
            answer = pool.request("GET", url, headers=headers, preload_content=False)
            try:
                for event in sseclient.SSEClient(answer.stream()).events():
                    last = event.id or last
                    if event.event == "message":
                        heard.append(event.data)
                    if ended(heard):
                        break
            except urllib3.exceptions.HTTPError:
                continue
            finally:
                answer.close()


def by_curl(url: str, heard: list[str]) -> None:
    """Listen with `curl -N`, whose output the strict parser of the tests reads."""
    curl = shutil.which("curl")
    if curl is None:
        unavailable("curl is not installed")
    last = ""
    while not ended(heard):
        parser = StreamParser(last_id=last)
        shown = ["-H", f"Last-Event-ID: {last}"] if last else []
        words = [curl, "-sN", "--max-time", "60", *shown, url]
        # A fixed program with this test's own address.
        with subprocess.Popen(  # noqa: S603
            words, stdout=subprocess.PIPE, bufsize=0
        ) as listening:
            assert listening.stdout is not None
            while not ended(heard) and (data := listening.stdout.read(65536)):
                messages = parser.feed(data)
                heard += [one.data for one in messages if one.name == "message"]
            listening.kill()
        last = parser.last_id


CLIENTS: dict[str, Client] = {
    **{
        name: npm_client(name)
        for name in ("eventsource", "undici", "launchdarkly-eventsource")
    },
    "launchdarkly-eventsource of PyPI": launchdarkly,
    "httpx-sse": by_httpx,
    "sseclient-py": by_sseclient,
    "curl": by_curl,
}


@pytest.mark.parametrize("name", CLIENTS)
async def test_the_whole_story_is_heard_once(
    api: ApiStage, name: str, chaos_seed: int
) -> None:
    """What was, told across broken connections, and then what happens."""
    secret = await api.token()
    url = api.client.make_url("/")
    assert url.host is not None
    assert url.port is not None
    cuts, heard = offsets(chaos_seed), list[str]()
    async with cutting(url.host, url.port, secret=secret, cuts=cuts) as way:
        address = f"{way.url}/events/stream?after=0"
        listen = asyncio.to_thread(CLIENTS[name], address, heard)
        listening = asyncio.create_task(listen)
        told = await tell_until_broken(api, way, listening)
        await happen(api, END[1:], range(1, 2))
        await listening
    got = [json.loads(one)["position"] for one in heard]
    assert got == list(range(1, BEFORE + told + 2))
    assert way.cut_off == CUTS
    assert any(way.last_ids)


async def tell_until_broken(
    api: ApiStage, way: Cutting, listening: asyncio.Task[None]
) -> int:
    """Let things happen until all connections that are to break have; returns how many.

    A connection over which nothing more comes would not.
    """
    told = 0
    while way.cut_off < CUTS and not listening.done():
        await happen(api, "x/2", range(told + 1, told + 6))
        told += 5
    return told
