"""Bodies are read within bounds, however they arrive."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from pytest_aiohttp import AiohttpClient

from bot.webhooks.body import BodyLimits
from core.store.database import Database
from tests.fakes.hooks import HookSender
from tests.fakes.inboxes import stored_in
from tests.fakes.receivers import problem, serve, stored

SMALL = BodyLimits(most_bytes=4096, small_bytes=1024, seconds=5, large_at_once=1)


@pytest.fixture
async def store(database: Database) -> Database:
    """Give a database that has the collection of deliveries."""
    return await stored_in(database)


@pytest.fixture
async def github(aiohttp_client: AiohttpClient, store: Database) -> HookSender:
    """Give GitHub's side of a receiver with its ordinary limits."""
    return HookSender(await serve(aiohttp_client, store))


@pytest.fixture
async def narrow(aiohttp_client: AiohttpClient, store: Database) -> HookSender:
    """Give GitHub's side of a receiver that takes 4096 bytes at most."""
    return HookSender(await serve(aiohttp_client, store, limits=SMALL))


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """Send a body without announcing its length."""
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


@pytest.mark.parametrize("announce", ["with its length", "in pieces"])
@pytest.mark.parametrize(("size", "status"), [(900, 202), (4096, 202), (4097, 413)])
async def test_a_body_is_read_up_to_the_limit_and_no_further(
    narrow: HookSender, store: Database, announce: str, size: int, status: int
) -> None:
    """Its length counts whether the sender announced it or not."""
    body = json.dumps({"text": ""}).encode()
    body = body[:-2] + b"x" * (size - len(body)) + body[-2:]
    headers = {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "sized",
        "X-Hub-Signature-256": f"sha256={narrow.sign(body)}",
    }

    answer = await narrow.client.post(
        "/webhooks/github",
        data=in_pieces(body) if announce == "in pieces" else body,
        headers=headers,
    )

    assert answer.status == status
    assert await stored(store) == (["sized"] if status == 202 else [])
    if status == 413:
        assert await problem(answer) == (413, "delivery_too_large")


async def test_githubs_largest_payloads_are_taken(
    github: HookSender, store: Database
) -> None:
    """25 MB go through a route whose application takes 1 MiB elsewhere."""
    row = json.dumps({"path": "src/a/b/c.py", "note": "x" * 200})
    room = 25 * 1024 * 1024 - 20
    body = f'{{"rows": [{", ".join([row] * (room // (len(row) + 2)))}]}}'.encode()

    answer = await github.post(body=body, guid="largest")
    over = await github.post(body=body + b" " * 1024 * 1024)

    assert answer.status == 202
    assert await problem(over) == (413, "delivery_too_large")
    assert await stored(store) == ["largest"]


async def test_large_bodies_take_turns_and_small_ones_go_on(
    narrow: HookSender, store: Database
) -> None:
    """A sender that stops halfway holds the only turn; ordinary ones pass it."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    body = json.dumps({"text": "x" * 2000}).encode()

    async def halting() -> AsyncIterator[bytes]:
        yield body[:1500]
        begun.set()
        await go_on.wait()
        yield body[1500:]

    headers = {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "halting",
        "X-Hub-Signature-256": f"sha256={narrow.sign(body)}",
    }
    first = asyncio.create_task(
        narrow.client.post("/webhooks/github", data=halting(), headers=headers)
    )
    await begun.wait()
    second = asyncio.create_task(narrow.post(body=body, guid="large"))
    small = await narrow.post(guid="small")
    assert small.status == 202
    go_on.set()

    assert {(await first).status, (await second).status} == {202}
    assert await stored(store) == ["halting", "large", "small"]


async def test_a_body_that_does_not_arrive_is_given_up(
    aiohttp_client: AiohttpClient, store: Database
) -> None:
    """A sender that stops in the middle does not hold its connection for ever."""
    limits = BodyLimits(seconds=0.05)
    client = await serve(aiohttp_client, store, limits=limits)
    hold = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield b'{"action": '
        await hold.wait()

    answer = await client.post(
        "/webhooks/github",
        data=half(),
        headers={"X-Hub-Signature-256": "sha256=" + "0" * 64},
    )

    assert await problem(answer) == (408, "delivery_slow")
    hold.set()


async def test_a_broken_transfer_is_malformed(github: HookSender) -> None:
    """A body that is not compressed as announced cannot be read."""

    async def noise() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.01)
            yield b"no deflate" * 100

    answer = await github.client.post(
        "/webhooks/github",
        data=noise(),
        headers={
            "Content-Encoding": "deflate",
            "X-Hub-Signature-256": "sha256=" + "0" * 64,
        },
    )

    assert await problem(answer) == (400, "delivery_malformed")
