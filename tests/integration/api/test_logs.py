"""Log lines over HTTP: those of a run, and the id that names a request in them."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from core.access.tokens import Scope
from core.events.base import JSON
from core.runs.pipeline import StepContext
from tests.fakes.acts import AWAY, raising
from tests.fakes.api import ApiStage
from tests.fakes.log_lines import Logged, production_log
from tests.fakes.stage import serving

# As aiohttp spells it in an answer.
ID = "X-Request-ID"
UNKNOWN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
log = structlog.get_logger("test")


@pytest.fixture(autouse=True)
def logged() -> Iterator[Logged]:
    """Log as in production."""
    with production_log() as logged:
        yield logged


async def speaking(_: StepContext) -> JSON:
    """Log two lines."""
    log.info("file.read", path="a.py", bytes=float("nan"))
    logging.getLogger("library").warning("slow %s", "disk")
    return {}


@pytest.fixture
async def run_id(api: ApiStage) -> str:
    """Give a run whose second step had to be tried twice."""
    api.stage.pipeline.script("one", speaking)
    api.stage.pipeline.script("two", raising(AWAY), speaking)
    run_id = await api.stage.ask()
    async with serving(api.stage.worker()):
        await api.stage.until(run_id, "succeeded")
    return run_id


async def test_a_name_that_is_no_text_is_told_by_escapes(api: ApiStage) -> None:
    """Such names of files exist, and no JSON can carry them."""

    async def says(_: StepContext) -> JSON:
        log.info("odd", path="a\udcff.py", names=["b\udcff", {"c\udcff": 1}])
        return {}

    api.stage.pipeline.script("one", says)
    run_id = await api.stage.ask()
    async with serving(api.stage.worker()):
        await api.stage.until(run_id, "succeeded")
    answer = await api.ask(f"/runs/{run_id}/logs?step=one")
    assert answer.status == 200
    (facts,) = [one["facts"] for one in answer.body["lines"] if one["event"] == "odd"]
    assert facts == {"path": "a\\udcff.py", "names": ["b\\udcff", {"c\\udcff": 1}]}


async def test_a_run_tells_what_was_logged(api: ApiStage, run_id: str) -> None:
    """Oldest first, each line with its step and the try of it."""
    answer = await api.ask(f"/runs/{run_id}/logs")
    assert answer.status == 200
    lines = answer.body["lines"]
    assert [(one["step"], one["attempt"], one["event"]) for one in lines] == [
        ("one", 1, "file.read"),
        ("one", 1, "slow disk"),
        ("two", 1, "run.put_off"),
        ("two", 2, "file.read"),
        ("two", 2, "slow disk"),
    ]
    assert answer.body["left_out"] == 0
    first = lines[0]
    assert first["facts"] == {"path": "a.py", "bytes": "nan"}
    assert (first["level"], first["logger"]) == ("info", "test")
    assert first["time"].startswith("20")
    shown = (await api.ask(f"/runs/{run_id}")).body["steps"]
    assert [one["logged"] for one in shown] == [True, True]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("step=one", 2),
        ("attempt=1", 3),
        ("step=two&attempt=2", 2),
        ("level=debug", 5),
        ("level=warning", 3),
        ("level=error", 0),
        ("step=nobody", 0),
    ],
)
async def test_lines_are_narrowed(
    api: ApiStage, run_id: str, query: str, count: int
) -> None:
    """By the step, the try of it, and how much a line weighs."""
    answer = await api.ask(f"/runs/{run_id}/logs?{query}")
    assert len(answer.body["lines"]) == count


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("step=No!", "/step"), ("attempt=0", "/attempt"), ("level=loud", "/level")],
)
async def test_nonsense_is_refused_by_name(
    api: ApiStage, query: str, pointer: str
) -> None:
    """The problem names the field."""
    answer = await api.ask(f"/runs/{UNKNOWN}/logs?{query}")
    assert answer.status == 422
    assert answer.body["errors"][0]["pointer"] == pointer


async def test_who_may_not_see_the_run_sees_no_line(api: ApiStage, run_id: str) -> None:
    """It is as if the run were not there."""
    secret = await api.token(Scope.READ, repositories=["octo/other"])
    answer = await api.ask(f"/runs/{run_id}/logs", secret=secret)
    assert answer.status == 404
    assert (await api.ask(f"/runs/{UNKNOWN}/logs")).status == 404


async def test_a_run_that_said_nothing_has_no_lines(api: ApiStage) -> None:
    """That is an answer, not a problem."""
    run_id = await api.stage.ask()
    answer = await api.ask(f"/runs/{run_id}/logs")
    assert answer.body == {"lines": [], "left_out": 0}


async def test_a_caller_s_id_names_its_request(api: ApiStage, logged: Logged) -> None:
    """In the answer, in the problem, and in what is logged on the way."""
    given = {"X-Request-Id": "deploy-7.a_B"}
    fine = await api.ask("/runs", headers=given)
    assert fine.headers[ID] == "deploy-7.a_B"
    missing = await api.ask(f"/runs/{UNKNOWN}", headers=given)
    assert missing.body["request_id"] == "deploy-7.a_B"
    run_id = await api.stage.ask()
    await api.base.database.db.command("collMod", "journal", validator={})
    journal = api.base.database.db["journal"]
    broken: JSON = {"$set": {"events.0.data": {}}}
    await journal.update_one({"_id": f"run/{run_id}:1"}, broken)
    bug = await api.ask(f"/runs/{run_id}", headers=given)
    assert bug.status == 500
    assert bug.headers[ID] == bug.body["request_id"] == "deploy-7.a_B"
    (line,) = logged.lines("api.failed")
    assert line["request_id"] == "deploy-7.a_B"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "-x", "é", 'a"b', "{}"])
async def test_an_id_that_could_do_harm_is_not_taken(api: ApiStage, given: str) -> None:
    """A log line must not be written by a caller; each request gets one of ours."""
    ids = set()
    for path in ("/runs", "/nowhere", "/openapi.json", "/events/stream"):
        answer = await api.ask(path, headers={"X-Request-Id": given})
        ids.add(answer.headers[ID])
    assert len(ids) == 4
    assert all(one.startswith("req_") for one in ids)
