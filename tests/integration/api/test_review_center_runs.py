"""The pages of runs that are large, odd, under way, or on no GitHub."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot.base import Base
from bot.bundling import rca_on
from bot.settings import load_settings
from core.errors import StoreUnavailableError
from core.events.base import JSON
from core.rca.service import Rca
from core.runs.gates import Check
from core.runs.pipeline import StepContext
from core.store.database import Database
from tests.fakes.acts import raising
from tests.fakes.api import ApiStage, api_stage
from tests.fakes.center import look, run_to, send, sign_in
from tests.fakes.log_lines import production_log
from tests.fakes.stage import serving

ASKING = Check(gate="sensitive", outcome="ask", conclusion="neutral", reason="?")
FAILING = Check(gate="llm_review", outcome="fail", conclusion="failure", reason="bad")
GO_ON = {"Rerun", "Branch"}
STUCK = {*GO_ON, "Find the cause"}


@pytest.fixture
def log() -> Iterator[Any]:
    """Log as in production."""
    with production_log():
        yield structlog.get_logger("test")


def finding(number: int) -> JSON:
    """Return a finding as a run keeps it."""
    return {
        "path": "app.py",
        "line": number,
        "severity": "error",
        "confidence": 0.57,
        "rule": "a-rule",
        "title": f"finding {number}.",
        "body": "",
        "source": "rules",
        "fingerprint": f"{number:032x}",
    }


async def finding_many(api: ApiStage, count: int) -> str:
    """Have a run that has found so much, and nobody has judged it yet."""

    async def finds(_: StepContext) -> JSON:
        found = [finding(one + 1) for one in range(count)]
        return {"proposals_blob": await api.base.blobs.put_json(found)}

    api.stage.pipeline.script("two", finds)
    return await run_to(api, "succeeded", pull=count)


async def test_a_page_shows_so_many_findings_and_says_where_the_rest_is(
    api: ApiStage,
) -> None:
    """A run that found thousands has a page all the same."""
    few, many = await finding_many(api, 500), await finding_many(api, 1203)
    await sign_in(api, "read")
    for run_id, said in ((few, "500 that nobody"), (many, "1203 that nobody")):
        seen = await look(api, f"/center/runs/{run_id}")
        assert len(seen.html.select("#findings tbody tr")) == 500
        assert "error 57%" in seen.words
        assert said in seen.words
        assert ("first 500 of 1203" in seen.words) is (run_id == many)


async def test_a_page_shows_so_much_of_a_state_and_says_where_the_rest_is(
    api: ApiStage,
) -> None:
    """A state of millions of characters stops no browser, and nobody else's page."""

    async def says(_: StepContext) -> JSON:
        return {"files": [f"src/{one}.py" for one in range(100_000)]}

    api.stage.pipeline.script("two", says)
    run_id = await run_to(api, "succeeded")
    await sign_in(api, "read")
    point = (await api.ask(f"/runs/{run_id}")).body["checkpoint_id"]
    seen = await look(api, f"/center/runs/{run_id}/checkpoints/{point}")
    shown = seen.html.select_one("pre")
    assert shown is not None
    assert len(shown.get_text()) == 200_000
    assert "its first 200000 characters" in seen.words


async def test_nothing_unseen_makes_a_page_read_otherwise(
    api: ApiStage, log: Any
) -> None:
    """A name of a file can turn what follows it round; it is spelled out instead."""
    turned = "app\u202eyp.exe\u200b"

    async def says(_: StepContext) -> JSON:
        log.info("odd", path=turned)
        return {"path": turned}

    api.stage.pipeline.script("two", says)
    run_id = await run_to(api, "succeeded")
    other = await api.stage.ask(head="b", pull=2)
    await api.stage.runs.cancel(other, actor="ada", reason=f"see `{turned}`")
    await sign_in(api, "read")
    point = (await api.ask(f"/runs/{run_id}")).body["checkpoint_id"]
    for path in (f"{run_id}/log", f"{run_id}/checkpoints/{point}", other, ""):
        words = (await look(api, f"/center/runs/{path}".rstrip("/"))).words
        assert "app<U+202E>yp.exe<U+200B>" in words, path
        assert not {"\u202e", "\u200b"} & {*words}, path


async def test_what_was_logged_is_shown_as_what_it_is(api: ApiStage, log: Any) -> None:
    """A name that is no text as well, and what is no name as JSON."""

    async def says(_: StepContext) -> JSON:
        log.info("odd", path="a\udcff.py", facts={"a": [True, None]}, text="<b>`x`</b>")
        return {}

    api.stage.pipeline.script("two", says)
    run_id = await run_to(api, "succeeded")
    await sign_in(api, "read")
    seen = await look(api, f"/center/runs/{run_id}/log")
    assert seen.status == 200
    assert 'facts {"a": [true, null]}' in seen.words
    assert "text <b>`x`</b>" in seen.words
    assert (await look(api, f"/center/runs/{run_id}/log?level=loud")).status == 422


async def test_a_run_that_nobody_works_on_has_its_page(api: ApiStage) -> None:
    """With what can be done about it there, and no more."""
    run_id = await api.stage.ask()
    await sign_in(api)
    for act, state, buttons in (
        (None, "queued", {"Pause", "Cancel"}),
        (api.stage.runs.pause, "paused", {"Resume", "Cancel"}),
        (api.stage.runs.cancel, "cancelled", {"Rerun"}),
    ):
        if act is not None:
            await act(run_id, actor="ada", reason="")
        seen = await look(api, f"/center/runs/{run_id}")
        assert seen.buttons == buttons
        assert seen.html.h1 is not None
        assert seen.html.h1.get_text().strip().startswith(state)


async def test_a_run_that_is_under_way_shows_where_it_is(api: ApiStage) -> None:
    """Its step is at work until now."""
    begun, end = asyncio.Event(), asyncio.Event()

    async def waits(_: StepContext) -> JSON:
        begun.set()
        await end.wait()
        return {}

    api.stage.pipeline.script("two", waits)
    run_id = await api.stage.ask()
    await sign_in(api)
    async with serving(api.stage.worker()):
        await begun.wait()
        seen = await look(api, f"/center/runs/{run_id}")
        assert seen.buttons == {"Pause", "Cancel", "Branch"}
        assert len(seen.html.select("svg.bar.busy")) == 1
        end.set()
        await api.stage.until(run_id, "succeeded")
    assert (await look(api, f"/center/runs/{run_id}")).buttons == GO_ON


@pytest.mark.parametrize(
    ("check", "state", "buttons"),
    [
        (ASKING, "waiting_gate", {"Approve", "Reject", "Waive", "Cancel", "Branch"}),
        (FAILING, "gate_failed", {*STUCK, "Waive", "Retry", "Cancel"}),
        (None, "dead", STUCK),
    ],
)
async def test_a_run_that_is_held_up_says_what_can_be_done(
    api: ApiStage, check: Check | None, state: str, buttons: set[str]
) -> None:
    """By a gate, or for good."""
    if check is None:
        api.stage.pipeline.script("two", raising(ZeroDivisionError("no")))
    else:
        api.stage.pipeline.by_name["two"].checks = (check,)
    run_id = await run_to(api, state, "failed")
    await sign_in(api)
    seen = await look(api, f"/center/runs/{run_id}")
    assert seen.buttons == buttons
    assert (seen.html.select_one("#why") is None) is (state == "waiting_gate")


async def test_what_is_on_no_github_is_not_gone_on_from(api: ApiStage) -> None:
    """Its page leads nowhere at GitHub, and offers nothing that is refused."""
    local = await run_to(api, "succeeded", pull=0)
    await sign_in(api)
    seen = await look(api, f"/center/runs/{local}")
    assert (seen.buttons, seen.html.select_one("#go-on")) == (set(), None)
    links = {str(one["href"]) for one in seen.html.select("#head a")}
    assert links == {"/center/runs?repo=octo/hello"}


async def test_a_state_that_was_erased_is_said_to_be(api: ApiStage) -> None:
    """In the list of its run, and on its own page."""
    run_id = await run_to(api, "succeeded")
    point = (await api.ask(f"/runs/{run_id}")).body["checkpoint_id"]
    path = f"/runs/{run_id}/checkpoints/{point}"
    await api.ask(f"{path}/redact", method="POST", json={"reason": "a secret"})
    await sign_in(api)
    assert "after erased" in (await look(api, f"/center/runs/{run_id}")).words
    seen = await look(api, f"/center{path}")
    assert (seen.html.select("pre"), "erased for good" in seen.words) == ([], True)
    assert (await look(api, f"/center{path}/diff")).status in {200, 409, 410}
    branch = await send(api, f"/center{path}/branch", {"reason": "x"})
    assert 400 <= branch.status < 500


@pytest.mark.parametrize("least", ["nan", "inf", "1e9", "-1"])
async def test_a_least_confidence_is_one(api: ApiStage, least: str) -> None:
    """What Python takes for a number is not always one."""
    run_id = await run_to(api, "succeeded")
    point = (await api.ask(f"/runs/{run_id}")).body["checkpoint_id"]
    await sign_in(api)
    path = f"/center/runs/{run_id}/checkpoints/{point}/branch"
    fields = {"min_confidence": least, "reason": "x"}
    assert (await send(api, path, fields)).status == 422


async def test_who_waits_for_a_report_is_told_so(database: Database) -> None:
    """And has it later, if it takes longer than a form should."""
    made: list[Rca] = []

    def rca(base: Base) -> Rca:
        made.append(rca_on(base, load_settings(None)))
        return made[0]

    async with api_stage(database, rca=rca, patience=0.0) as api:
        run_id = await run_to(api, "succeeded")
        await sign_in(api)
        path = f"/center/runs/{run_id}/report"
        early = await send(api, path, {})
        assert (early.status, "being made" in early.words) == (202, True)
        await made[0].ensure(run_id, actor="ada")
        assert (await look(api, path)).status == 200
        seen = await look(api, f"/center/runs/{run_id}")
        assert "Open the report" in seen.words


async def test_a_database_that_is_away_is_told_on_a_page(
    api: ApiStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With when to come again, whether one is signed in or not."""
    await sign_in(api)

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailableError(reason="no server")

    monkeypatch.setattr("core.access.ticket_store.TicketStore.get", away)
    seen = await look(api, "/center/runs")
    assert (seen.status, "That did not work" in seen.words) == (503, True)
    assert int(seen.headers["Retry-After"]) > 0
    monkeypatch.undo()
    monkeypatch.setattr(Rca, "latest", away)
    run_id = await run_to(api, "succeeded")
    assert (await look(api, f"/center/runs/{run_id}")).status == 503
