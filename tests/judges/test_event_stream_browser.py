"""A real browser's page hears the whole story once, by a ticket and a cookie alone."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.api import site
from bot.operations import operations_on
from core.live.recent import CHUNK_BYTES
from core.store.database import Database
from tests.fakes.api import api_stage
from tests.fakes.cutting import cutting
from tests.fakes.streaming import feeding, happen
from tests.judges.chromium import browsing

pytestmark = [pytest.mark.judge, pytest.mark.timeout(180)]
BEFORE = 12
CUTS = (700, CHUNK_BYTES + 2000, 1300, 90)
PAGE = """<!doctype html><title>Listening</title><script>
const heard = [];
const source = new EventSource("/events/stream?after=0&ticket=TICKET");
source.onmessage = (message) => {
  const event = JSON.parse(message.data);
  heard.push(event.position);
  if (event.source === "/x/end") {
    source.close();
    fetch("/heard?" + heard.join(","));
  }
};
</script>"""


async def test_a_page_hears_the_whole_story_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its EventSource comes back by itself, to the address with the used ticket."""
    monkeypatch.setattr("bot.api.streams.RETRY_SECONDS", (0.05, 0.1))
    heard: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
    async with api_stage(database) as api, feeding(api):
        made = await api.ask("/events/tickets", method="POST")

        async def page(_: web.Request) -> web.Response:
            text = PAGE.replace("TICKET", made.body["ticket"])
            return web.Response(text=text, content_type="text/html")

        async def hear(request: web.Request) -> web.Response:
            heard.set_result([int(one) for one in request.query_string.split(",")])
            return web.Response()

        app = web.Application()
        site.add_routes(app, api.base, operations_on(api.base, None, model="rules"))
        app.router.add_get("/page", page)
        app.router.add_get("/heard", hear)
        await happen(api, "x/1", range(1, BEFORE + 1))
        async with (
            TestServer(app) as server,
            cutting(server.host, server.port or 0, secret=None, cuts=iter(CUTS)) as way,
            browsing(f"{way.url}/page", tmp_path),
        ):
            told = 0
            while way.cut_off < len(CUTS):
                await happen(api, "x/2", range(told + 1, told + 6))
                told += 5
            await happen(api, "x/end", range(1, 2))
            got = await heard
    assert got == list(range(1, BEFORE + told + 2))
    assert any(way.last_ids)
