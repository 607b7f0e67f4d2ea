"""Reading runs over HTTP: lists, pages, one run, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.store.database import Database
from tests.fakes.api import ApiStage
from tests.fakes.stage import serving

UNKNOWN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"


async def test_a_finished_run_is_told_step_by_step(api: ApiStage) -> None:
    """Who asked, what was done, how long it took, and what came of it."""
    run_id = await api.stage.ask()
    async with serving(api.stage.worker()):
        await api.stage.until(run_id, "succeeded")
    shown = (await api.ask(f"/runs/{run_id}")).body
    assert shown["status"] == "succeeded"
    assert shown["repository"] == "octo/hello"
    assert [step["name"] for step in shown["steps"]] == ["one", "two"]
    assert {step["status"] for step in shown["steps"]} == {"succeeded"}
    assert shown["steps"][0]["summary"] == "one done"
    assert shown["seconds"] >= 0
    assert shown["checkpoint_id"].startswith("cp_")


async def test_lists_are_newest_first_and_paged_exactly(api: ApiStage) -> None:
    """Following `next` gives every run once, and the last page says that it is."""
    ids = [await api.stage.ask(pull=number) for number in range(1, 8)]
    seen: list[str] = []
    path, pages = "/runs?limit=3", 0
    while path:
        body = (await api.ask(path)).body
        seen += [one["id"] for one in body["runs"]]
        pages += 1
        path = f"/runs?limit=3&cursor={body['next']}" if body["next"] else ""
    assert seen == ids[::-1]
    assert pages == 3


async def test_lists_are_narrowed(api: ApiStage) -> None:
    """Each filter keeps what fits, and filters add up."""
    first = await api.stage.ask(pull=1)
    second = await api.stage.ask(pull=2)
    other = await api.stage.ask(pull=1, repository="octo/other")
    run = await api.stage.run(second)
    since = run.created_at.isoformat()

    async def found(**query: Any) -> set[str]:
        answer = await api.ask("/runs", params=query)
        assert answer.status == 200, answer.body
        return {one["id"] for one in answer.body["runs"]}

    assert await found(repo="octo/hello") == {first, second}
    assert await found(repo="octo/hello", pull="2") == {second}
    assert await found(pull="1") == {first, other}
    assert await found(status="queued", repo="octo/other") == {other}
    assert await found(status="dead") == set()
    assert await found(pipeline="review") == {first, second, other}
    assert await found(pipeline="nothing") == set()
    assert await found(since=since) == {second, other}
    assert await found(until=since) == {first}
    assert await found(since="9999-12-31T23:59:59-23:59") == set()


async def test_many_runs_are_read_in_slices(api: ApiStage, database: Database) -> None:
    """A page far back in time, behind years without a run, is still exact."""
    run_id = await api.stage.ask()
    runs = database.db["runs"]
    (real,) = await runs.find({"_id": run_id}).to_list(None)
    old = real["created_at"] - timedelta(days=800)
    bare = {name: value for name, value in real.items() if name != "milestone"}
    copies = [
        {
            **bare,
            "_id": f"run_{number:026d}",
            "pull": 1000 + number,
            "created_at": old + timedelta(seconds=number // 3),
            **({"milestone": True} if number % 32 == 0 else {}),
        }
        for number in range(700)
    ]
    await runs.insert_many(copies)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        body = (await api.ask("/runs", params={"limit": "100", **cursor})).body
        seen += [one["id"] for one in body["runs"]]
        if body["next"] is None:
            break
        assert len(body["runs"]) == 100
        cursor = {"cursor": body["next"]}
    assert seen == [run_id, *(f"run_{number:026d}" for number in reversed(range(700)))]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=1000", "/limit"),
        ("pull=x", "/pull"),
        ("status=great", "/status"),
        ("repo=hello", "/repo"),
        ("since=2026-01-01T00:00:00", "/since"),
        ("colour=red", "/colour"),
        ("limit=1&limit=2", "/limit"),
        ("cursor=%00", "/cursor"),
    ],
)
async def test_a_bad_query_is_refused_with_its_place(
    api: ApiStage, query: str, pointer: str
) -> None:
    """The problem names the parameter; nothing is guessed or passed over."""
    answer = await api.ask(f"/runs?{query}")
    assert answer.status == 422
    assert answer.body["code"] == "request_invalid"
    assert [one["pointer"] for one in answer.body["errors"]] == [pointer]
    assert answer.body["errors"][0]["where"] == "query"


@pytest.mark.parametrize(
    "cursor", ["AAAA", "WzEsMl0", "W10", "W251bGwsIngiXQ", "_" * 9]
)
async def test_a_made_up_cursor_is_refused(api: ApiStage, cursor: str) -> None:
    """A cursor comes from the page before, and from nowhere else."""
    answer = await api.ask(f"/runs?cursor={cursor}")
    assert (answer.status, answer.body["code"]) == (422, "cursor")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/runs/{UNKNOWN}", "run_not_found"),
        ("/runs/run_7", "id_malformed"),
        ("/runs/%1b%5b31m", "id_malformed"),
        ("/runs/..%2f..%2fetc", "id_malformed"),
        ("/nowhere", "not_found"),
    ],
)
async def test_what_is_not_there_is_a_clear_problem(
    api: ApiStage, path: str, code: str
) -> None:
    """An unknown id, something that is no id, and a path that nobody serves."""
    answer = await api.ask(path)
    assert answer.status == 404
    assert answer.body["code"] == code
    assert answer.body["hint"]
    assert "\x1b" not in answer.body["detail"]


async def test_a_wrong_method_names_the_right_ones(api: ApiStage) -> None:
    """405 is a problem too, with `Allow`."""
    answer = await api.ask(f"/runs/{UNKNOWN}", method="DELETE")
    assert answer.status == 405
    assert answer.body["code"] == "method_not_allowed"
    assert "GET" in answer.headers["Allow"]


async def test_a_damaged_run_is_a_bug_with_a_number(
    api: ApiStage, database: Database
) -> None:
    """No trace leaves the house; the log has it under the number that is told."""
    run_id = await api.stage.ask()
    journal = database.db["journal"]
    await database.db.command("collMod", "journal", validator={})
    wrong = {"events": [{"type": "run.created", "data": {"pull": "many"}}]}
    await journal.update_one({"_id": f"run/{run_id}:1"}, {"$set": wrong})
    with capture_logs() as logs:
        answer = await api.ask(f"/runs/{run_id}")
    assert answer.status == 500
    assert answer.body["incident"] in answer.body["hint"]
    assert [one["incident"] for one in logs] == [answer.body["incident"]]
    assert logs[0]["exc_info"] is not None
    assert "Traceback" not in str(answer.body)
