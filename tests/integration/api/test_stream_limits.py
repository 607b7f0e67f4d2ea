"""When a stream cannot be had now, a client is asked to come back, never sent away."""

import asyncio

import pytest

from bot.api.stream_endings import TokenEnd
from bot.api.stream_outlet import Outlet
from bot.api.stream_slots import make_room
from core.access.store import TokenStore
from core.access.tokens import Token
from core.errors import FeedDamagedError, RunNotFoundError, StoreUnavailableError
from core.store.database import Database
from tests.fakes.api import ApiStage, api_stage
from tests.fakes.log_lines import production_log
from tests.fakes.streaming import Stream, feeding, happen, listening


async def asked_back(stream: Stream) -> int:
    """Return after how many milliseconds a client, told nothing else, is to return."""
    assert stream.response.status == 200
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    await stream.rest()
    assert stream.messages == []
    assert stream.parser.retry is not None
    return stream.parser.retry


async def test_who_finds_no_room_is_asked_to_come_back_later(
    database: Database,
) -> None:
    """Any status but 200 would close a browser's stream for good."""
    async with api_stage(database, streams=2, streams_per_token=1) as api:
        mine, yours = await api.token(), await api.token()
        async with listening(api, secret=mine) as first:
            await first.until_live()
            async with listening(api, secret=mine) as second:
                assert await asked_back(second) >= 30_000
            async with listening(api, secret=yours) as other:
                await other.until_live()
                async with listening(api) as third:
                    assert await asked_back(third) >= 30_000
            assert not first.response.content.at_eof()


async def test_while_the_database_is_away_clients_are_asked_to_wait(
    api: ApiStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outage ends; a stream that was closed for good would not begin again."""

    async def away(_: TokenStore, __: str) -> Token | None:
        await asyncio.sleep(0)
        raise StoreUnavailableError(reason="nobody answers")

    secret = await api.token()
    monkeypatch.setattr(TokenStore, "get", away)
    async with listening(api, secret=secret) as stream:
        assert await asked_back(stream) >= 5_000


def test_room_is_made_for_as_many_as_may_listen() -> None:
    """Every stream is an open file, of which a process may have few by default."""
    assert make_room(10) >= 10
    assert make_room(2**60) > 0


@pytest.mark.parametrize(
    "error", [FeedDamagedError(position=3), RunNotFoundError(run_id="r"), KeyError()]
)
async def test_a_stream_that_breaks_ends(
    api: ApiStage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """What has begun has its status already, so whoever listens is let go."""

    async def breaking(*_: object) -> None:
        await asyncio.sleep(0)
        raise error

    monkeypatch.setattr(TokenEnd, "of", breaking)
    async with feeding(api):
        await happen(api, "x/1", range(1, 4))
        async with listening(api, "/events/stream?after=0") as stream:
            assert stream.response.status == 200
            await stream.rest()
            assert stream.positions == [1, 2, 3]


async def test_who_is_gone_before_the_stream_begins_is_no_bug(
    api: ApiStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As whoever turns a page that has just been opened."""

    async def gone(_: Outlet) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(Outlet, "open", gone)
    with production_log() as logged:
        await api.ask("/events/stream")
    assert [one for one in logged.lines() if one["level"] != "info"] == []
