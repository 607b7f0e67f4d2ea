"""The story of what happened: heard live, replayed, searched, trimmed and counted.

Someone watches a dashboard in a browser while a pull request is opened at GitHub. All
is real but GitHub: the webhook, the database, HTTP, and the connections that break.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientError, ClientSession, CookieJar, TCPConnector
from prometheus_client.parser import text_string_to_metric_families

from bot.app import Running
from core.access.tokens import Scope
from core.events.schema import TYPES, read
from tests.fakes.cutting import Cutting, cutting
from tests.fakes.event_stream import Message, StreamParser
from tests.fakes.road import Road, open_road
from tests.fakes.trimming import trimmed

BREAKS = (40, 700, 1900, 3300)


@dataclass
class Page:
    """What a browser does for `new EventSource(address)`, and what the page hears."""

    session: ClientSession
    address: str
    heard: list[Message] = field(default_factory=list)
    last_id: str = ""
    connections: int = 0
    ended: bool = False

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return what `onmessage` was given."""
        return [one.value for one in self.heard if one.name == "message"]

    @property
    def types(self) -> list[str]:
        """Return the types of the events."""
        return [str(one["type"]) for one in self.events]

    def controls(self, name: str) -> list[Any]:
        """Return what the listeners of one name were given."""
        return [one.value for one in self.heard if one.name == name]

    async def until(self, happened: Callable[["Page"], bool]) -> None:
        """Listen, and come back to the same address whenever the connection breaks."""
        while not (self.ended or happened(self)):
            self.connections += 1
            try:
                await self._once(happened)
            except ClientError:
                continue

    async def _once(self, happened: Callable[["Page"], bool]) -> None:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        parser = StreamParser(last_id=self.last_id)
        async with self.session.get(self.address, headers=headers) as response:
            assert response.status in {200, 204}, await response.text()
            self.ended = response.status == 204
            async for data in response.content.iter_any():
                self.heard += parser.feed(data)
                self.last_id = parser.last_id
                if happened(self):
                    return


@dataclass
class Visitor:
    """Somebody with a token, at a bot that is reached over a way that breaks."""

    road: Road
    bot: Running
    secret: str
    session: ClientSession
    way: Cutting

    async def ask(self, path: str, method: str = "GET", **more: Any) -> Any:
        """Send one request with the token, past the way that breaks."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        url = f"{self.bot.url}{path}"
        async with self.session.request(method, url, headers=headers, **more) as done:
            assert done.ok, await done.text()
            return await done.json()

    async def open_page(self, query: str = "", path: str = "/events/stream") -> Page:
        """Let a browser open a page that listens, by a ticket alone."""
        ticket = (await self.ask("/events/tickets", "POST"))["ticket"]
        return Page(self.session, f"{self.way.url}{path}?ticket={ticket}{query}")

    async def all_events(self, **query: str) -> list[dict[str, Any]]:
        """Read every page of what happened."""
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            asked = {"after": str(after), "limit": "7", **query}
            page = await self.ask("/events", params=asked)
            found += page["events"]
            if page["next"] is None:
                return found
            after = page["next"]

    async def metric(self, name: str, **labels: str) -> float:
        """Scrape a number as Prometheus does."""
        async with self.session.get(f"{self.bot.url}/metrics") as scraped:
            families = text_string_to_metric_families(await scraped.text())
        samples = [one for family in families for one in family.samples]
        return sum(
            one.value
            for one in samples
            if one.name == name and labels.items() <= one.labels.items()
        )


@pytest.fixture
async def visitor(
    tmp_path: Path, mongodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Visitor]:
    """Give a bot at work, and somebody who may read."""
    monkeypatch.setattr("bot.api.streams.RETRY_SECONDS", (0.01, 0.02))
    async with (
        open_road(tmp_path, mongodb_url, "event_stream") as road,
        visiting(road) as visitor,
    ):
        yield visitor


@asynccontextmanager
async def visiting(road: Road) -> AsyncIterator[Visitor]:
    """Give somebody a token, a browser, and a bad connection."""
    assert road.bot is not None
    bot = road.bot
    issued = await bot.base.tokens.create([Scope.SUPERVISE])
    place = urlsplit(bot.url)
    assert place.hostname is not None
    assert place.port is not None
    way = cutting(place.hostname, place.port, secret=None, cuts=iter(BREAKS))
    browser = ClientSession(
        # A browser keeps cookies of an address without a name too.
        cookie_jar=CookieJar(unsafe=True),
        # The bad connection takes one request each.
        connector=TCPConnector(force_close=True),
    )
    async with way as broken, browser as session:
        yield Visitor(road, bot, issued.secret, session, broken)


async def test_what_happened_is_watched_replayed_searched_and_counted(
    visitor: Visitor,
) -> None:
    """One pull request, from its webhook to a trimmed log."""
    page = await visitor.open_page("&after=0")
    run_id = await a_pull_request_is_watched_live(visitor, page)
    await the_replay_tells_the_same(visitor, page)
    await a_search_and_a_filter_find_the_risky_line(visitor)
    await the_run_is_watched_to_its_end(visitor, run_id)
    await an_old_cursor_is_told_what_is_gone(visitor, page)
    await prometheus_has_counted_it_all(visitor, page)


async def a_pull_request_is_watched_live(visitor: Visitor, page: Page) -> str:
    """Hear of the webhook, the run and its findings once each, across four breaks."""
    await visitor.road.open_pull()

    await page.until(lambda seen: "gate_failed" in states(seen))

    assert page.connections > len(BREAKS)
    assert visitor.way.cut_off == len(BREAKS)
    types = page.types
    for one in ("delivery.received", "run.created", "finding.posted"):
        assert one in types
    assert types.index("delivery.received") < types.index("run.created")
    for event in page.events:
        assert isinstance(read(event), TYPES[event["type"]])
    (created,) = (one for one in page.events if one["type"] == "run.created")
    assert created["subject"] == "octo/hello#1"
    return str(created["run_id"])


def states(page: Page) -> list[str]:
    """Return the states that runs came to."""
    moved = (one for one in page.events if one["type"] == "run.state_changed")
    return [str(one["data"]["to"]) for one in moved]


async def the_replay_tells_the_same(visitor: Visitor, page: Page) -> None:
    """Page by page it is what was heard, without a gap and in the same order."""
    await visitor.road.until_quiet()
    replayed = await visitor.all_events()

    heard = page.events
    assert heard == replayed[: len(heard)]
    places = [one["position"] for one in replayed]
    assert places == list(range(1, len(replayed) + 1))


async def a_search_and_a_filter_find_the_risky_line(visitor: Visitor) -> None:
    """`q` finds by words, `type` by what it was, pages and streams alike."""
    found = await visitor.all_events(q="shell", type="finding.proposed")
    assert found
    assert {one["type"] for one in found} == {"finding.proposed"}

    narrowed = await visitor.open_page("&after=0&q=shell&type=finding.proposed")
    await narrowed.until(lambda seen: bool(seen.controls("stream.live")))
    assert narrowed.events == found
    # What was left out is behind it all the same.
    assert int(narrowed.last_id) > found[-1]["position"]


async def the_run_is_watched_to_its_end(visitor: Visitor, run_id: str) -> None:
    """All of it, its end, and then nothing more to come back for."""
    page = await visitor.open_page(path=f"/runs/{run_id}/events/stream")
    await page.until(lambda seen: bool(seen.controls("stream.live")))
    await visitor.ask(f"/runs/{run_id}/cancel", "POST")
    await page.until(lambda seen: seen.ended)

    assert page.controls("stream.ended") == [{"position": int(page.last_id)}]
    story = await visitor.ask(f"/runs/{run_id}/events", params={"limit": "500"})
    assert page.events == story["events"]
    assert states(page)[-1] == "cancelled"


async def an_old_cursor_is_told_what_is_gone(visitor: Visitor, page: Page) -> None:
    """Who slept through a trim hears so first, and then all that is kept."""
    await visitor.road.until_quiet()
    base = visitor.bot.base
    oldest = (await trimmed(base.database, base.clock)).oldest
    late = await visitor.open_page()
    late.last_id = "3"
    await late.until(lambda seen: bool(seen.controls("stream.live")))

    (reset,) = late.controls("stream.reset")
    assert (reset["reason"], reset["oldest"]) == ("trimmed", oldest)
    assert late.events == await visitor.all_events()
    assert late.events[0]["position"] == oldest > int(page.events[3]["position"])


async def prometheus_has_counted_it_all(visitor: Visitor, page: Page) -> None:
    """Say what was sent, who was cut off, and what could not be gone on with."""
    assert await visitor.metric("nofx_sse_events_total") >= len(page.events)
    closed = await visitor.metric("nofx_sse_closed_total", reason="client")
    assert closed >= len(BREAKS)
    assert await visitor.metric("nofx_sse_resets_total", reason="trimmed") >= 1
    assert await visitor.metric("nofx_runs_ended_total", status="cancelled") >= 1
