"""Changing runs over HTTP: scopes, commands, lost races, going on from checkpoints."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from core.events.base import JSON
from core.runs.pipeline import StepContext
from core.store.blobs import GRACE, SOON
from tests.fakes.api import Answer, ApiStage
from tests.fakes.stage import serving

UNKNOWN_RUN = "run_01hxqg5t0kc8f2v7w3m9b4n6ry"
UNKNOWN_CHECKPOINT = "cp_01hxqg5t0kc8f2v7w3m9b4n6ry"
WHY = {"reason": "to see what comes of it"}


async def post(api: ApiStage, path: str, body: Any = None, **more: Any) -> Answer:
    """Send a POST with JSON."""
    return await api.ask(path, method="POST", json=body or {}, **more)


async def ended(api: ApiStage, run_id: str) -> None:
    """Let a worker end a run."""
    async with serving(api.stage.worker()):
        await api.stage.until(run_id, "succeeded", "failed", "cancelled")


async def thinks(context: StepContext) -> JSON:
    """Leave what the run's own settings say."""
    return {"thought": context.run.overrides.get("fail_on", "nothing")}


async def finished(api: ApiStage) -> tuple[str, list[dict[str, Any]]]:
    """Run a run to its end; return its id and its checkpoints."""
    api.stage.pipeline.script("two", thinks)
    run_id = await api.stage.ask()
    await ended(api, run_id)
    listed = await api.ask(f"/runs/{run_id}/checkpoints")
    return run_id, listed.body["checkpoints"]


async def test_reading_scopes_change_nothing(api: ApiStage) -> None:
    """Each command needs a wider scope; redaction the widest of them."""
    run_id, (first, *_) = await finished(api)
    reader, operator = await api.token("read"), await api.token("operate")
    erase = f"/runs/{run_id}/checkpoints/{first['checkpoint_id']}/redact"
    for path in (f"/runs/{run_id}/pause", f"/runs/{run_id}/rerun", "/merges"):
        answer = await post(api, path, secret=reader)
        assert (answer.status, answer.body["code"]) == (403, "scope_missing")
        assert 'scope="operate"' in answer.headers["WWW-Authenticate"]
    assert (await post(api, erase, WHY, secret=operator)).status == 403
    supervisor = await api.token("supervise")
    assert (await post(api, erase, WHY, secret=supervisor)).status == 200


async def test_pause_resume_and_cancel(api: ApiStage) -> None:
    """Each command answers how the run stands; who did it stands in its history."""
    run_id = await api.stage.ask()
    paused = await post(api, f"/runs/{run_id}/pause", WHY)
    assert (paused.status, paused.body["status"]) == (200, "paused")
    again = await post(api, f"/runs/{run_id}/pause")
    assert (again.status, again.body["code"]) == (409, "illegal_transition")
    assert again.body["current"]["status"] == "paused"
    resumed = await post(api, f"/runs/{run_id}/resume")
    assert resumed.body["status"] == "queued"
    cancelled = await post(api, f"/runs/{run_id}/cancel", WHY)
    assert cancelled.body["status"] == "cancelled"
    assert cancelled.body["outcome"] == WHY["reason"]
    assert (await post(api, f"/runs/{run_id}/cancel")).status == 200
    assert await api.stage.moves(run_id) == ["enqueue", "pause", "resume", "cancel"]


async def test_no_secret_is_kept_in_a_reason(api: ApiStage) -> None:
    """A token that was pasted by mistake stays out of the history."""
    run_id = await api.stage.ask()
    secret = f"ghs_{'a1B2' * 20}"
    body = {"reason": f"it said {secret} and stopped"}
    cancelled = await post(api, f"/runs/{run_id}/cancel", body)
    assert "it said [masked:" in cancelled.body["outcome"]
    assert secret not in str(await api.stage.runs.journal.documents(f"run/{run_id}"))


async def test_what_has_ended_is_not_cancelled(api: ApiStage) -> None:
    """A terminal run is never left; the refusal says how it ended."""
    run_id, _ = await finished(api)
    answer = await post(api, f"/runs/{run_id}/cancel")
    assert (answer.status, answer.body["code"]) == (409, "run_ended")
    assert answer.body["current"]["status"] == "succeeded"


async def test_a_branch_goes_on_with_other_settings(api: ApiStage) -> None:
    """It says what it does not do again, and its parent stays as it was."""
    run_id, checkpoints = await finished(api)
    start = next(
        one for one in checkpoints if (one["kind"], one["step"]) == ("before", "two")
    )
    path = f"/runs/{run_id}/checkpoints/{start['checkpoint_id']}/branch"
    made = await post(api, path, {**WHY, "overrides": {"fail_on": "warning"}})
    assert made.status == 201, made.body
    branch = made.body["run"]["id"]
    assert made.headers["Location"] == f"/runs/{branch}"
    assert made.body["parents"] == [
        {"run_id": run_id, "checkpoint_id": start["checkpoint_id"]}
    ]
    assert made.body["reused"] == {"steps": ["one"], "effects": []}
    assert made.body["run"]["publish"] is False
    await ended(api, branch)
    shown = (await api.ask(f"/runs/{branch}")).body
    assert [step["status"] for step in shown["steps"]] == ["reused", "succeeded"]
    assert shown["steps"][0]["reused_from"] == run_id
    assert shown["overrides"] == {"fail_on": "warning"}
    tree = (await api.ask(f"/runs/{branch}/tree")).body
    assert (tree["root"], [one["id"] for one in tree["runs"]]) == (
        run_id,
        [run_id, branch],
    )
    assert tree["runs"][1]["parents"] == made.body["parents"]
    family = (await api.ask(f"/runs?repo=octo/hello&family={run_id}")).body
    assert [one["id"] for one in family["runs"]] == [branch, run_id]


@pytest.mark.parametrize("call", ["branch", "rerun"])
async def test_who_asks_again_under_one_name_gets_the_run_of_the_first_time(
    api: ApiStage, call: str
) -> None:
    """The answer may have been lost on the way; another name is another wish."""
    run_id, (first, *_) = await finished(api)
    branching = f"/runs/{run_id}/checkpoints/{first['checkpoint_id']}/branch"
    silent = (await post(api, branching, WHY)).body["run"]["id"]
    await ended(api, silent)
    path = branching if call == "branch" else f"/runs/{silent}/rerun"
    once = {**WHY, "request_id": "deploy:7"}
    made = await post(api, path, once)
    await ended(api, made.body["run"]["id"])
    again = await post(api, path, once)
    assert (made.status, again.status) == (201, 201)
    assert again.body["run"]["id"] == made.body["run"]["id"]
    assert again.body["reused"] == made.body["reused"]
    assert again.headers["Location"] == made.headers["Location"]
    other = await post(api, path, {**WHY, "request_id": "deploy:8"})
    unnamed = await post(api, path, WHY)
    ids = {one.body["run"]["id"] for one in (made, other, unnamed)}
    assert len(ids) == 3
    refused = await post(api, path, {**WHY, "request_id": "a b"})
    assert (refused.status, refused.body["code"]) == (422, "request_invalid")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "request_invalid"),
        ({"reason": "x" * 501}, 422, "request_invalid"),
        ({"reason": "two\nlines"}, 422, "request_invalid"),
        ({**WHY, "colour": "red"}, 422, "request_invalid"),
        ({**WHY, "overrides": {"colour": "red"}}, 422, "overrides"),
        ({**WHY, "overrides": {"model": "no-such-model"}}, 422, "overrides"),
        ({**WHY, "publish": True}, 503, "publisher_missing"),
    ],
)
async def test_a_branch_that_cannot_be_is_refused(
    api: ApiStage, body: JSON, status: int, code: str
) -> None:
    """Nothing is guessed, and no run is made."""
    run_id, (first, *_) = await finished(api)
    path = f"/runs/{run_id}/checkpoints/{first['checkpoint_id']}/branch"
    answer = await post(api, path, body)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert len((await api.ask("/runs")).body["runs"]) == 1


async def test_what_was_redacted_is_gone(api: ApiStage) -> None:
    """No branch from it, no state shown; the history still proves itself."""
    run_id, (first, *_) = await finished(api)
    path = f"/runs/{run_id}/checkpoints/{first['checkpoint_id']}"
    assert (await post(api, f"{path}/redact", WHY)).body["redacted"] is True
    shown = (await api.ask(path)).body
    assert (shown["redacted"], shown["state"]) == (True, None)
    answer = await post(api, f"{path}/branch", WHY)
    assert (answer.status, answer.body["code"]) == (409, "checkpoint_redacted")
    proof = (await api.ask(f"/runs/{run_id}/verification")).body
    assert (proof["intact"], proof["reason"]) == (True, None)
    assert proof["redacted"] > 0
    missing = f"/runs/{run_id}/checkpoints/{UNKNOWN_CHECKPOINT}/redact"
    assert (await post(api, missing, WHY)).body["code"] == "checkpoint_not_found"


async def test_a_large_state_that_was_redacted_is_swept_away_soon(
    api: ApiStage,
) -> None:
    """It lies beside the journal, and does not wait there for its day to be over."""

    async def verbose(_: StepContext) -> JSON:
        return {"words": "a name " * 20_000}

    api.stage.pipeline.script("one", verbose)
    run_id, checkpoints = await finished(api)
    large = checkpoints[-1]
    blobs = api.stage.database.db["blobs"]
    before = await blobs.find_one({"_id": large["digest"]})
    path = f"/runs/{run_id}/checkpoints/{large['checkpoint_id']}/redact"
    assert (await post(api, path, WHY)).status == 200
    after = await blobs.find_one({"_id": large["digest"]})
    assert before is not None
    assert after is not None
    aged = GRACE - SOON - timedelta(minutes=1)
    for name in (large["digest"], *after.get("parts", ())):
        part = await blobs.find_one({"_id": name})
        assert part is not None
        assert before["touched_at"] - part["touched_at"] > aged


async def test_a_checkpoint_can_be_taken_by_hand(api: ApiStage) -> None:
    """It carries who and why; a run that has ended takes none."""
    run_id, _ = await finished(api)
    answer = await post(api, f"/runs/{run_id}/checkpoints", WHY)
    assert (answer.status, answer.body["code"]) == (409, "run_ended")
    fresh = await api.stage.ask(pull=2)
    answer = await post(api, f"/runs/{fresh}/checkpoints", WHY)
    assert (answer.status, answer.body["code"]) == (409, "no_checkpoint")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("rerun", {"from": "nowhere"}, 409, "step_not_reached"),
        ("rerun", {"from": UNKNOWN_CHECKPOINT}, 404, "checkpoint_not_found"),
        ("rerun", {"from": "../etc"}, 422, "request_invalid"),
        ("gates/unheard_of/approve", {}, 404, "gate_not_found"),
        ("gates/UPPER/approve", {}, 404, "id_malformed"),
        ("gates/approval/waive", {}, 422, "reason_missing"),
        ("gates/approval/burn", {}, 404, "not_found"),
    ],
)
async def test_what_makes_no_sense_is_a_clear_problem(
    api: ApiStage, path: str, body: JSON, status: int, code: str
) -> None:
    """Each refusal has a code of its own and a way out."""
    run_id, _ = await finished(api)
    answer = await post(api, f"/runs/{run_id}/{path}", body)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert answer.body["hint"]


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"data": b"{"}, 400, "body_malformed"),
        ({"data": b"\xff"}, 400, "body_malformed"),
        ({"data": b'{"reason": NaN}'}, 400, "body_malformed"),
        ({"data": b"[" * 100_000}, 400, "body_malformed"),
        ({"data": b"[]"}, 422, "request_invalid"),
        ({"data": b'{"reason": "two\\nlines"}'}, 422, "request_invalid"),
        (
            {"data": b"x" * 99, "headers": {"Content-Encoding": "gzip"}},
            400,
            "body_malformed",
        ),
        ({"data": BytesIO(b" " * 2_000_000)}, 413, "body_too_large"),
        (
            {"data": b"a=b", "headers": {"Content-Type": "text/plain"}},
            415,
            "body_type",
        ),
    ],
)
async def test_a_bad_body_is_refused(
    api: ApiStage, more: dict[str, Any], status: int, code: str
) -> None:
    """Whatever is sent, the answer is a problem and not a trace."""
    run_id = await api.stage.ask()
    headers = {"Content-Type": "application/json", **more.pop("headers", {})}
    path = f"/runs/{run_id}/pause"
    answer = await api.ask(path, method="POST", headers=headers, **more)
    assert (answer.status, answer.body["code"]) == (status, code)


@pytest.mark.parametrize("name", ["..", ".", "...", "a b", ""])
async def test_what_is_no_name_is_no_repository(api: ApiStage, name: str) -> None:
    """It would lead elsewhere in GitHub's API."""
    body = {"repository": f"octo/{name}", "pull": 1}
    answer = await post(api, "/runs", body)
    assert (answer.status, answer.body["code"]) == (422, "request_invalid")


async def test_a_reason_of_two_lines_is_told_to_be_one(api: ApiStage) -> None:
    """A person reads it, at a terminal as well."""
    run_id = await api.stage.ask()
    answer = await post(api, f"/runs/{run_id}/pause", {"reason": "a\x1b[31mb"})
    assert "one line, without control characters" in answer.body["detail"]


@pytest.mark.parametrize("name", [".github", "..a", "a.b", "-"])
async def test_dots_may_stand_in_a_name(api: ApiStage, name: str) -> None:
    """GitHub's own repositories begin with one."""
    assert (await api.ask(f"/runs?repo=octo/{name}")).status == 200


async def test_a_review_of_a_foreign_repository_is_not_asked_for(
    api: ApiStage,
) -> None:
    """The token decides what there is; without GitHub, that is said as well."""
    secret = await api.token("operate", repositories=["acme/*"])
    body = {"repository": "octo/hello", "pull": 1}
    answer = await post(api, "/runs", body, secret=secret)
    assert (answer.status, answer.body["code"]) == (404, "repository_not_found")
    answer = await post(api, "/runs", body)
    assert (answer.status, answer.body["code"]) == (503, "publisher_missing")
    assert answer.headers["Retry-After"]
