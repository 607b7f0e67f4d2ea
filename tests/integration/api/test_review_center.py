"""Review Center: who may look, what the pages say, what their forms do."""

from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.api.visitors import VISIT
from core.access.ticket_store import COLLECTION
from core.access.tokens import digest_of
from core.events.base import JSON
from core.runs.gates import Check
from core.runs.pipeline import StepContext
from core.store.database import Database
from tests.fakes.api import ApiStage, api_stage
from tests.fakes.center import UNKNOWN, look, run_to, send, sign_in
from tests.fakes.streaming import feeding, listening

FAILED = Check(
    gate="llm_review", outcome="fail", conclusion="failure", reason="one `error`"
)


async def stopped(api: ApiStage) -> str:
    """Have a run that a gate has stopped."""
    api.stage.pipeline.by_name["two"].checks = (FAILED,)
    return await run_to(api, "gate_failed")


async def test_nobody_sees_anything_without_signing_in(api: ApiStage) -> None:
    """Whoever comes by a link signs in, and is then where the link leads."""
    run_id = await run_to(api, "succeeded")
    wanted = f"/center/runs/{run_id}"
    async with api.client.get(wanted, allow_redirects=False) as answer:
        assert answer.status == 303
        where = urlsplit(answer.headers["Location"])
    assert where.path == "/center/sign-in"
    assert parse_qs(where.query)["next"] == [wanted]
    door = await look(api, wanted)
    assert run_id not in door.words
    (field,) = door.html.select("input[name=next]")
    secret = await api.token("read")
    inside = await send(
        api, "/center/sign-in", {"token": secret, "next": str(field["value"])}
    )
    assert (inside.status, run_id in inside.words) == (200, True)
    assert "octo/hello#1" in inside.words
    assert (await look(api, "/")).html.find("table") is not None


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://evil.example/", "//evil.example", "/openapi.json", "/center/runs.x"),
        *("javascript:alert(1)", f"/center/runs/{'x' * 400}", ""),
    ],
)
async def test_signing_in_leads_to_no_other_place(
    api: ApiStage, elsewhere: str
) -> None:
    """An address in a link decides nothing."""
    fields = {"token": await api.token("read"), "next": elsewhere}
    own = str(api.client.make_url("/")).rstrip("/")
    async with api.client.post(
        "/center/sign-in",
        data=fields,
        headers={"Origin": own},
        allow_redirects=False,
    ) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/center/runs")


async def test_a_wrong_token_is_told_so(api: ApiStage) -> None:
    """There is no visit, and no cookie."""
    refused = await send(api, "/center/sign-in", {"token": "nofx_wrong"})
    assert refused.status == 401
    assert "The token was refused" in refused.words
    assert "Set-Cookie" not in refused.headers
    assert (await look(api, "/center/runs")).html.find("table") is None


async def test_a_visit_ends_with_its_token_and_by_signing_out(api: ApiStage) -> None:
    """What a token allows is looked up each time."""
    secret = await api.token("read")
    for ending in ("revoke", "sign out"):
        await send(api, "/center/sign-in", {"token": await api.token("read")})
        assert "Runs" in (await look(api, "/center/runs")).words
        if ending == "sign out":
            await send(api, "/center/sign-out", {})
        else:
            for token in await api.base.tokens.list():
                await api.base.tokens.revoke(token.prefix)
        assert (await look(api, "/center/runs")).html.find(id="token") is not None
    assert secret
    assert len(await api.base.database.db[COLLECTION].find({}).to_list(None)) == 1


async def test_the_cookie_is_out_of_reach_for_scripts(database: Database) -> None:
    """The database knows its digest alone; behind https it is for https alone."""
    async with api_stage(database, public_url="https://nofx.example") as api:
        fields = {"token": await api.token("read")}
        async with api.client.post(
            "/center/sign-in",
            data=fields,
            headers={"Origin": "https://nofx.example"},
            allow_redirects=False,
        ) as answer:
            shown = SimpleCookie(answer.headers["Set-Cookie"])[VISIT]
        assert (shown["httponly"], shown["secure"]) == (True, True)
        assert (shown["samesite"], shown["path"]) == ("Lax", "/")
        assert 0 < int(shown["max-age"]) <= 12 * 3600
        (kept,) = await database.db[COLLECTION].find({}).to_list(None)
        assert (kept["_id"], kept["kind"]) == (digest_of(shown.value), "visit")


async def test_a_page_runs_nothing_but_its_own(api: ApiStage) -> None:
    """Whatever a run says stands there as text."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>`<b>`"

    async def says(_: StepContext) -> JSON:
        return {"said": evil}

    api.stage.pipeline.script("two", says)
    run_id = await run_to(api, "succeeded")
    other = await api.stage.ask(head="b", pull=2)
    await api.stage.runs.cancel(other, actor=evil, reason=evil)
    await sign_in(api)
    checkpoint = (await api.ask(f"/runs/{run_id}")).body["checkpoint_id"]
    for path in (
        "/center/runs",
        f"/center/runs/{other}",
        f"/center/runs/{run_id}/checkpoints/{checkpoint}",
        f"/center/runs/{run_id}/checkpoints/{checkpoint}/diff",
    ):
        seen = await look(api, path)
        assert (seen.status, evil.replace("`", "") in seen.words.replace("`", "")) == (
            200,
            True,
        ), path
        scripts = [str(one.get("src")) for one in seen.html.find_all("script")]
        assert all(one.startswith("/center/static/center.js?v=") for one in scripts)
        assert seen.html.find_all("img") == []
        policy = seen.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src")
        assert "frame-ancestors 'none'" in policy
        assert seen.headers["Cache-Control"] == "no-store"


async def test_the_page_of_a_run_says_what_it_was(api: ApiStage) -> None:
    """Its steps, its checkpoints with their differences, and what it used."""
    run_id = await run_to(api, "succeeded")
    await sign_in(api, "read")
    page = await look(api, f"/center/runs/{run_id}")
    for words in ("one done", "two done", "succeeded", "its steps logged"):
        assert words in page.words
    assert page.buttons == set()
    links = [str(one["href"]) for one in page.html.select("#checkpoints a")]
    assert len(links) == 2 * 4 - 1  # the first has nothing before it
    for link in [*links, f"/center/runs/{run_id}/log"]:
        assert (await look(api, link)).status == 200, link
    for style in page.html.select("link, script[src]"):
        address = str(style.get("href") or style["src"])
        async with api.client.get(address) as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
    assert (await look(api, "/center/static/../site.py")).status == 404


async def test_a_gate_is_waived_by_a_form(api: ApiStage) -> None:
    """Why it stands is told first; the run goes on, and says who let it."""
    run_id = await stopped(api)
    await sign_in(api)
    page = await look(api, f"/center/runs/{run_id}")
    assert {"Waive", "Retry", "Find the cause", "Cancel", "Rerun"} <= page.buttons
    assert page.html.select_one("#gates code").get_text() == "error"  # type: ignore[union-attr]  # it is there
    path = f"/center/runs/{run_id}/gates/llm_review"
    unsaid = await send(api, f"{path}/waive", {"reason": ""})
    assert unsaid.status == 422
    assert "reason" in unsaid.words
    waived = await send(api, f"{path}/waive", {"reason": "it is a fixture"})
    assert (waived.status, "it is a fixture" in waived.words) == (200, True)
    late = await send(api, f"{path}/waive", {"reason": "again"})
    assert late.status == 409
    assert (await send(api, f"{path}/destroy", {})).status == 404
    approvals = (await api.ask(f"/runs/{run_id}/gates")).body["gates"][0]["approvals"]
    assert [one["actor"].startswith("token:") for one in approvals] == [True]


async def test_runs_are_moved_by_forms(api: ApiStage) -> None:
    """Each does what the call of its name does; what cannot be is told on a page."""
    run_id = await api.stage.ask()
    await sign_in(api)
    here = f"/center/runs/{run_id}"
    assert (await look(api, here)).buttons == {"Pause", "Cancel"}
    paused = await send(api, f"{here}/pause", {"reason": "wait"})
    assert paused.buttons == {"Resume", "Cancel"}
    assert (await send(api, f"{here}/pause", {})).status == 409
    await send(api, f"{here}/resume", {})
    cancelled = await send(api, f"{here}/cancel", {"reason": "never mind"})
    assert "never mind" in cancelled.words
    assert "Rerun" in cancelled.buttons
    assert await api.stage.moves(run_id) == ["enqueue", "pause", "resume", "cancel"]


async def test_a_run_is_branched_by_a_form(api: ApiStage) -> None:
    """The page of the branch is shown; what cannot be is refused on a page."""
    run_id = await run_to(api, "succeeded")
    await sign_in(api)
    again = await send(api, f"/center/runs/{run_id}/rerun", {"from": "two"})
    assert (again.status, "GitHub" in again.words) == (503, True)
    point = (await api.ask(f"/runs/{run_id}")).body["checkpoint_id"]
    path = f"/center/runs/{run_id}/checkpoints/{point}/branch"
    fields = {"fail_on": "warning", "min_confidence": "0.5", "model": ""}
    branch = await send(api, path, {**fields, "reason": "how strict?"})
    assert branch.status == 200
    assert "says nothing there" in branch.words
    assert f"/center/runs/{run_id}" in str(branch.html.select_one("#family"))
    runs = (await api.ask("/runs")).body["runs"]
    (made,) = [one["id"] for one in runs if one["origin"] == "branch"]
    shown = (await api.ask(f"/runs/{made}")).body
    assert shown["overrides"] == {"fail_on": "warning", "min_confidence": 0.5}
    for wrong in ({"min_confidence": "lots"}, {"fail_on": "red"}):
        refused = await send(api, path, {**wrong, "reason": "x"})
        assert refused.status == 422, wrong


async def test_a_form_that_is_sent_twice_begins_one_branch(api: ApiStage) -> None:
    """Whoever presses twice sees the same run; who opens the page anew, another."""
    run_id = await run_to(api, "succeeded")
    await sign_in(api)
    for expected in (1, 2):
        page = await look(api, f"/center/runs/{run_id}")
        (form,) = page.html.select("#branch form")
        (name,) = form.select("input[name=request_id]")
        fields = {"request_id": str(name["value"]), "reason": "how strict?"}
        for _ in range(2):
            assert (await send(api, str(form["action"]), fields)).status == 200
        runs = (await api.ask("/runs")).body["runs"]
        assert [one["origin"] for one in runs].count("branch") == expected


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_another_sites_form_does_nothing(
    api: ApiStage, origin: str | None
) -> None:
    """Even with the cookie of who is signed in."""
    run_id = await api.stage.ask()
    await sign_in(api)
    path = f"/center/runs/{run_id}/cancel"
    refused = await send(api, path, {}, origin=origin)
    assert refused.status == 403
    assert "which is not this nofx" in refused.words
    assert await api.stage.moves(run_id) == ["enqueue"]
    door = {"token": await api.token("read")}
    assert (await send(api, "/center/sign-in", door, origin=origin)).status == 403


async def test_who_may_only_look_does_nothing(api: ApiStage) -> None:
    """No button, and no form that somebody makes up."""
    run_id = await stopped(api)
    await sign_in(api, "read")
    here = f"/center/runs/{run_id}"
    assert (await look(api, here)).buttons == set()
    for path in ("cancel", "rerun", "report", "gates/llm_review/waive"):
        refused = await send(api, f"{here}/{path}", {"reason": "because"})
        assert (refused.status, "needs the scope operate" in refused.words) == (
            403,
            True,
        )
    assert (await look(api, f"{here}/report")).status == 403
    assert len((await api.ask("/runs")).body["runs"]) == 1


async def test_what_a_token_may_not_see_is_not_there(api: ApiStage) -> None:
    """Neither in the list nor by its address."""
    run_id = await run_to(api, "succeeded")
    await sign_in(api, "operate", repositories=["octo/other"])
    assert run_id not in str((await look(api, "/center/runs")).html)
    for path in (run_id, UNKNOWN, f"{run_id}/log", f"{run_id}/report"):
        seen = await look(api, f"/center/runs/{path}")
        assert (seen.status, "There is no run" in seen.words) == (404, True), path
    assert (await look(api, "/center/runs/nonsense")).status == 404
    refused = await send(api, f"/center/runs/{run_id}/report", {})
    assert refused.status == 404


async def test_the_list_is_narrowed_and_paged(api: ApiStage) -> None:
    """What is wrong with a filter is told, and what was typed stays."""
    for pull in range(1, 53):
        await api.stage.ask(pull=pull)
    await api.stage.runs.projector.drain()
    await sign_in(api, "read")
    page = await look(api, "/center/runs?repo=octo/hello")
    assert len(page.html.select("tbody tr")) == 50
    (older,) = [one for one in page.html.find_all("a") if "Older" in one.get_text()]
    rest = await look(api, str(older["href"]))
    assert len(rest.html.select("tbody tr")) == 2
    one = await look(api, "/center/runs?pull=7&repo=octo/hello&status=queued")
    assert len(one.html.select("tbody tr")) == 1
    none = await look(api, "/center/runs?repo=octo/hello&status=failed")
    assert "No run is like that" in none.words
    wrong = await look(api, "/center/runs?repo=nonsense")
    assert wrong.status == 422
    assert "it must be owner/name" in wrong.words
    assert wrong.html.select_one("input[name=repo]")["value"] == "nonsense"  # type: ignore[index]  # it is there


async def test_a_page_listens_with_the_cookie_of_its_visitor(api: ApiStage) -> None:
    """Its script needs neither token nor ticket."""
    run_id = await api.stage.ask()
    await sign_in(api, "read")
    page = await look(api, f"/center/runs/{run_id}")
    (script,) = page.html.select("script[data-stream]")
    async with (
        feeding(api),
        listening(api, str(script["data-stream"]), secret="") as stream,
    ):
        await stream.until_told(1)
    await send(api, "/center/sign-out", {})
    async with api.client.get("/events/stream") as answer:
        assert answer.status == 401
