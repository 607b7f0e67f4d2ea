"""Streams of events: replay, then live, with no gap, no repeat and a way back."""

import asyncio

import pytest

from bot.api import stream_endings
from core.feed import replay, stretch
from core.feed.reader import FeedReader
from tests.fakes.api import ApiStage
from tests.fakes.stage import serving
from tests.fakes.streaming import feeding, happen, listening
from tests.fakes.trimming import trimmed

UNKNOWN_RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"


async def test_replay_goes_over_into_live_without_gap_or_repeat(api: ApiStage) -> None:
    """What happens while the old is still being told comes after it, once."""
    async with feeding(api):
        await happen(api, "x/1", range(1, 60))
        async with listening(api, "/events/stream?after=0") as stream:
            more = asyncio.create_task(happen(api, "x/2", range(1, 60)))
            await stream.until_told(118)
            await more
            assert stream.positions == list(range(1, 119))
            assert stream.controls == ["stream.live"]


async def test_without_a_cursor_a_stream_begins_now(api: ApiStage) -> None:
    """It says where that is, so a client cut off before any event has a cursor."""
    async with feeding(api):
        await happen(api, "x/1", range(1, 4))
        async with listening(api, "/events/stream?after=0") as old:
            await old.until_told(3)
        async with listening(api) as stream:
            await stream.until_live()
            assert (stream.positions, stream.parser.last_id) == ([], "3")
            await happen(api, "x/1", range(4, 6))
            await stream.until_told(2)
            assert stream.positions == [4, 5]


async def test_the_header_counts_more_than_the_address(api: ApiStage) -> None:
    """A browser comes back to the address that it was first given."""
    async with feeding(api):
        await happen(api, "x/1", range(1, 10))
        path = "/events/stream?after=1&last_event_id=4"
        async with listening(api, path) as stream:
            await stream.until_live()
            await stream.until_told(5)
            assert stream.positions == [5, 6, 7, 8, 9]
        async with listening(api, path, last_id="7") as stream:
            await stream.until_told(2)
            assert stream.positions == [8, 9]


@pytest.mark.parametrize("cursor", ["1000", "nonsense", "-3"])
async def test_an_unknown_cursor_is_answered_with_a_new_beginning(
    api: ApiStage, cursor: str
) -> None:
    """Any status but 200 would close a browser's stream for good."""
    async with feeding(api):
        await happen(api, "x/1", range(1, 4))
        async with listening(api, last_id=cursor) as stream:
            await stream.until_told(3)
            assert stream.controls[0] == "stream.reset"
            told = stream.named("stream.reset").value
            assert told == {"reason": "unknown", "oldest": 1, "head": 3}
            assert stream.positions == [1, 2, 3]


async def test_a_trimmed_cursor_goes_on_from_the_oldest_that_is_kept(
    api: ApiStage,
) -> None:
    """It is told so before the first event."""
    async with feeding(api):
        for stream_name in ("x/1", "x/2", "x/3"):
            await happen(api, stream_name, range(1, 4))
            async with listening(api, "/events/stream?after=0") as stream:
                await stream.until_live()
    oldest = (await trimmed(api.base.database, api.base.clock)).oldest
    assert oldest > 4

    async with listening(api, last_id="2") as stream:
        await stream.until_live()
        told = stream.messages[0]
        assert (told.name, told.last_id) == ("stream.reset", str(oldest - 1))
        assert told.value == {"reason": "trimmed", "oldest": oldest, "head": 9}
        assert stream.positions == list(range(oldest, 10))
    async with listening(api, "/events/stream?after=0") as stream:
        await stream.until_live()
        assert stream.controls == ["stream.live"]
        assert stream.positions == list(range(oldest, 10))


async def test_a_runs_stream_ends_with_the_run_and_does_not_begin_again(
    api: ApiStage,
) -> None:
    """All of the run is told, then its end; who comes back after that gets a 204."""
    async with feeding(api):
        run_id = await api.stage.ask()
        path = f"/runs/{run_id}/events/stream"
        async with listening(api, path) as stream:
            await stream.until_live()
            async with serving(api.stage.worker()):
                await stream.rest()
            assert stream.controls == ["stream.live", "stream.ended"]
            story = [
                one.value["type"] for one in stream.messages if one.name == "message"
            ]
            commits = await api.base.runs.journal.read(f"run/{run_id}")
            assert story == [one.type for commit in commits for one in commit.events]
        async with listening(api, path, last_id=stream.parser.last_id) as again:
            assert again.response.status == 204
        async with listening(api, path, last_id=str(stream.positions[-2])) as again:
            await again.rest()
            assert again.positions == stream.positions[-1:]
            assert again.controls[-1] == "stream.ended"


async def test_a_runs_stream_begins_with_the_run_however_far_that_is(
    api: ApiStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is indexed yet, one look at the feed may not come as far."""
    monkeypatch.setattr(stretch, "LENGTH", 10)
    monkeypatch.setattr(replay, "MOST_LOOKS", 20)
    async with feeding(api):
        await happen(api, "x/1", range(1, 60))
        run_id = await api.stage.ask()
        path = f"/events/stream?after=0&run_id={run_id}"
        async with listening(api, path) as stream:
            await stream.until_told(1)
        async with listening(api, f"/runs/{run_id}/events/stream") as again:
            await again.until_live()
            assert again.positions == stream.positions


async def test_who_waits_for_a_run_costs_no_reading_of_its_history(
    api: ApiStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many may wait for one that takes long; its end is found all the same."""
    monkeypatch.setattr(stream_endings, "LOOK_SECONDS", 0.0)
    base = api.base
    reader, again = FeedReader(base.database), replay.Replay(base.database)
    async with feeding(api):
        run_id = await api.stage.ask()
        story = stream_endings.RunStory(base.runs, reader, again, run_id)
        with monkeypatch.context() as closed:
            closed.setattr(base.runs.journal, "read", None)
            assert await story.ending((), 1000) is None
        async with serving(api.stage.worker()):
            await api.stage.until(run_id, "succeeded")
        await api.stage.runs.projector.settled(run_id)
        why = None
        while why is None:
            why = await story.ending((), 1000)
            await asyncio.sleep(0.01)
        assert why == "ended"


async def test_a_filter_narrows_a_stream_and_the_cursor_moves_all_the_same(
    api: ApiStage,
) -> None:
    """The end of the replay is a cursor past everything that was left out."""
    async with feeding(api):
        run_id = await api.stage.ask()
        await happen(api, "x/1", range(1, 30))
        path = "/events/stream?after=0&type=run.created,pull.*"
        async with listening(api, path) as stream:
            await stream.until_live()
            types = [
                one.value["type"] for one in stream.messages if one.name == "message"
            ]
            assert types == ["pull.run_requested", "run.created"]
            assert int(stream.parser.last_id) > 20
        path = f"/runs/{run_id}/events/stream?q=octo"
        async with listening(api, path) as stream:
            await stream.until_live()
            assert len(stream.positions) == 1


async def test_a_token_hears_of_its_repositories_alone(api: ApiStage) -> None:
    """What it may not see is neither told nor there."""
    async with feeding(api):
        run_id = await api.stage.ask()
        stranger = await api.token(repositories=["other/*"])
        path = "/events/stream?after=0"
        async with listening(api, path, secret=stranger) as stream:
            await stream.until_live()
            assert stream.positions == []
        hidden = await api.ask(f"/runs/{run_id}/events/stream", secret=stranger)
        nobody = await api.ask(f"/runs/{UNKNOWN_RUN}/events/stream")
        assert hidden.status == nobody.status == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=x", "/after"),
        ("after=-1", "/after"),
        ("last_event_id=x", "/last_event_id"),
        ("type=moon.risen", "/type"),
        ("colour=red", "/colour"),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(
    api: ApiStage, query: str, field: str
) -> None:
    """A page with such an address is wrong, and coming back would not help it."""
    refused = await api.ask(f"/events/stream?{query}")

    assert refused.status == 422
    assert [one["pointer"] for one in refused.body["errors"]] == [field]


async def test_nobody_listens_without_a_token(api: ApiStage) -> None:
    """The refusal is a problem document, as everywhere."""
    for path in ("/events/stream", f"/runs/{UNKNOWN_RUN}/events/stream"):
        refused = await api.ask(path, secret="")
        assert (refused.status, refused.body["code"]) == (401, "token_missing")


async def test_the_headers_keep_everything_between_from_holding_it_up(
    api: ApiStage,
) -> None:
    """No cache, no buffer, no compression; HEAD tells the same and ends at once."""
    async with listening(api) as stream:
        shown = stream.response.headers
        assert shown["Content-Type"] == "text/event-stream"
        assert shown["Cache-Control"] == "no-store, no-transform"
        assert shown["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in shown
    head = await api.ask("/events/stream", method="HEAD")
    assert (head.status, head.headers["Content-Type"]) == (200, "text/event-stream")
