"""Events over HTTP: pages, filters, words, and what is refused."""

from typing import Any

import pytest

from core.clock import SystemClock
from core.events.bus import Bus
from core.feed.feeder import Feeder
from core.feed.floor import ROLE
from tests.fakes.api import ApiStage
from tests.fakes.stage import serving

UNKNOWN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"


async def fed(api: ApiStage) -> None:
    """Bring into the feed what was appended by now."""
    feeder = Feeder(api.stage.database, holder="test", clock=SystemClock(), bus=Bus())
    await feeder.feed_once()


async def walked(api: ApiStage, **wish: Any) -> str:
    """Let a run succeed, and return its id."""
    run_id = await api.stage.ask(**wish)
    async with serving(api.stage.worker()):
        await api.stage.until(run_id, "succeeded")
    return run_id


async def listed(api: ApiStage, path: str = "/events", **query: Any) -> Any:
    """Return a page of events."""
    secret = query.pop("secret", None)
    answer = await api.ask(path, params=query, secret=secret)
    assert answer.status == 200, answer.body
    return answer.body


async def test_what_happened_is_told_in_order_and_paged_exactly(api: ApiStage) -> None:
    """Following `next` gives every event once, forth and back the same."""
    await walked(api)
    await fed(api)
    whole = await listed(api, limit=500)
    positions = [one["position"] for one in whole["events"]]
    assert positions == list(range(1, whole["head"] + 1))
    assert whole["events"][0]["type"] == "pull.run_requested"
    assert whole["events"][0]["subject"] == "octo/hello#1"
    assert whole["next"] is None

    for order, cursor in (("asc", "after"), ("desc", "before")):
        seen, query = [], dict[str, Any]()
        while True:
            page = await listed(api, order=order, limit=7, **query)
            seen += page["events"]
            if page["next"] is None:
                break
            query = {cursor: page["next"]}
        assert seen == whole["events"][:: 1 if order == "asc" else -1]

    later = await walked(api, pull=2)
    await fed(api)
    news = await listed(api, after=whole["head"], type="run.created")
    assert [one["run_id"] for one in news["events"]] == [later]


async def test_a_runs_events_are_its_own(api: ApiStage) -> None:
    """The same story by both ways, and only for who may see the run."""
    run_id = await walked(api)
    other = await walked(api, pull=2, repository="octo/other")
    await fed(api)
    story = await listed(api, f"/runs/{run_id}/events", limit=500)
    assert {one["run_id"] for one in story["events"]} == {run_id}
    assert story == await listed(api, run_id=run_id, limit=500)
    ends = await listed(api, f"/runs/{run_id}/events", type="step.*", order="desc")
    assert {one["type"] for one in ends["events"]} == {"step.started", "step.finished"}

    secret = await api.token("read", repositories=["octo/other"])
    refused = await api.ask(f"/runs/{run_id}/events", secret=secret)
    assert (refused.status, refused.body["code"]) == (404, "run_not_found")
    seen = await listed(api, secret=secret, limit=500)
    assert {one["subject"] for one in seen["events"]} == {"octo/other#2"}
    assert {one["run_id"] for one in seen["events"]} == {other, None}
    assert (await api.ask(f"/runs/{UNKNOWN}/events")).status == 404


async def test_words_are_found_wherever_they_stand(api: ApiStage) -> None:
    """In any case, all of them, in one event."""
    run_id = await api.stage.ask()
    await api.stage.runs.cancel(run_id, actor="Ann", reason="Die Füße sind MÜDE, 42")
    await fed(api)
    for words in ("füße", "FÜSSE müde", "42 ann"):
        found = await listed(api, q=words, limit=500)
        assert run_id in {one["run_id"] for one in found["events"]}
    assert (await listed(api, q="müde octo"))["events"] == []


async def test_a_trimmed_cursor_is_gone_and_names_the_oldest(api: ApiStage) -> None:
    """Who was away too long is told so, and where to begin again."""
    await walked(api)
    await fed(api)
    role = {"holder": "t", "fence": 1, "until": SystemClock().now()}
    note = {"note": {"oldest": 5}}
    await api.stage.database.db["roles"].insert_one({"_id": ROLE, **role, **note})
    gone = await api.ask("/events?after=2")
    assert (gone.status, gone.body["code"]) == (410, "cursor_trimmed")
    assert gone.body["errors"] == [
        {
            "where": "query",
            "pointer": "/after",
            "detail": "the oldest position that is kept is 5",
        }
    ]
    for query in ("after=4", "after=0", ""):
        page = (await api.ask(f"/events?{query}")).body
        assert (page["oldest"], page["events"][0]["position"]) == (5, 5)
    assert (await listed(api, before=5, order="desc"))["events"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("after=-1", "/after"),
        ("after=x", "/after"),
        ("before=9007199254740993", "/before"),
        ("limit=0", "/limit"),
        ("limit=501", "/limit"),
        ("order=up", "/order"),
        ("type=run.flown", "/type"),
        ("since=yesterday", "/since"),
        ("q=%21%3F", "/q"),
        ("q=" + "a+" * 5000, "/q"),
        ("q=a&q=b", "/q"),
        ("colour=red", "/colour"),
    ],
)
async def test_what_does_not_fit_is_named(
    api: ApiStage, query: str, pointer: str
) -> None:
    """A problem document names the field."""
    refused = await api.ask(f"/events?{query}")
    assert refused.status == 422
    assert [one["pointer"] for one in refused.body["errors"]] == [pointer]
