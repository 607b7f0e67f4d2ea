"""Merging branches over HTTP: plan, conflicts, choices, a stale plan, one run."""

from typing import Any

import pytest

from core.events.base import JSON
from tests.fakes.api import ApiStage
from tests.integration.api.test_operating import WHY, ended, finished, post

UNKNOWN_MERGE = "mrg_01hxqg5t0kc8f2v7w3m9b4n6ry"


async def branched(
    api: ApiStage, run_id: str, *, end: bool, **overrides: object
) -> str:
    """Branch before the second step with settings of its own."""
    listed = (await api.ask(f"/runs/{run_id}/checkpoints")).body["checkpoints"]
    start = next(
        one for one in listed if (one["kind"], one["step"]) == ("before", "two")
    )
    path = f"/runs/{run_id}/checkpoints/{start['checkpoint_id']}/branch"
    made = await post(api, path, {**WHY, "overrides": overrides})
    branch = str(made.body["run"]["id"])
    if end:
        await ended(api, branch)
    return branch


async def planned(api: ApiStage) -> tuple[JSON, str, str]:
    """Plan the merge of two branches that disagree."""
    run_id, _ = await finished(api)
    ours = await branched(api, run_id, end=True, fail_on="warning")
    theirs = await branched(api, run_id, end=True, fail_on="info")
    made = await post(api, "/merges", {"ours": ours, "theirs": theirs})
    assert made.status == 201, made.body
    assert made.headers["Location"] == f"/merges/{made.body['id']}"
    return made.body, ours, theirs


async def test_a_conflict_is_settled_and_the_merge_goes_on(api: ApiStage) -> None:
    """From two opinions to one run with two parents, by a person's choice."""
    plan, ours, theirs = await planned(api)
    path = f"/merges/{plan['id']}"
    conflict, setting = plan["conflicts"]
    assert plan["status"] == "conflicts"
    assert (conflict["path"], setting["path"]) == ("/thought", "/overrides/fail_on")
    for one in (conflict, setting):
        assert (one["ours"], one["theirs"]) == ("warning", "info")
        assert "base" not in one
    early = await post(api, f"{path}/commit", WHY)
    assert (early.status, early.body["code"]) == (409, "unresolved_conflicts")
    assert early.body["current"]["conflicts"] == plan["conflicts"]
    half = await post(api, f"{path}/resolutions", {conflict["id"]: "theirs"})
    assert (half.status, half.body["status"]) == (200, "conflicts")
    early = await post(api, f"{path}/commit", WHY)
    assert f"{setting['id']} at /overrides/fail_on" in early.body["detail"]
    settled = await post(api, f"{path}/resolutions", {setting["id"]: "ours"})
    assert (settled.status, settled.body["status"]) == (200, "ready")
    done = await post(api, f"{path}/commit", WHY)
    assert done.status == 201, done.body
    merged = done.body["run"]["id"]
    assert done.body["merge"]["run_id"] == merged
    assert {one["run_id"] for one in done.body["parents"]} == {ours, theirs}
    again = await post(api, f"{path}/commit", WHY)
    assert again.body["run"]["id"] == merged
    assert again.body["reused"] == done.body["reused"]
    assert done.body["reused"]["steps"] == ["one", "two"]
    await ended(api, merged)
    run = (await api.ask(f"/runs/{merged}")).body
    assert (run["origin"], run["status"]) == ("merge", "succeeded")
    assert run["overrides"] == {"fail_on": "warning"}


async def test_what_is_a_run_is_settled_for_good(api: ApiStage) -> None:
    """A choice that comes later changes no run."""
    plan, _, _ = await planned(api)
    path = f"/merges/{plan['id']}"
    choices = {one["id"]: "suggestion" for one in plan["conflicts"]}
    await post(api, f"{path}/resolutions", choices)
    await post(api, f"{path}/commit", WHY)
    late = await post(api, f"{path}/resolutions", choices)
    assert (late.status, late.body["code"]) == (409, "merge_committed")


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        ({"0" * 16: "ours"}, "unknown_conflict"),
        ({"CONFLICT": "both"}, "unknown_choice"),
        ({"CONFLICT": 7}, "request_invalid"),
        ({"CONFLICT": {"colour": "red"}}, "request_invalid"),
        ({"CONFLICT": {"value": [{"a\0b": 1}]}}, "state_not_json"),
        ({"CONFLICT": {"value": "\ud800"}}, "state_not_json"),
    ],
)
async def test_bad_choices_are_refused(
    api: ApiStage, choices: dict[str, Any], code: str
) -> None:
    """Nothing is kept of a choice that fits no conflict."""
    plan, _, _ = await planned(api)
    conflict = plan["conflicts"][0]["id"]
    named = {key.replace("CONFLICT", conflict): one for key, one in choices.items()}
    answer = await post(api, f"/merges/{plan['id']}/resolutions", named)
    assert (answer.status, answer.body["code"]) == (422, code)
    assert (await api.ask(f"/merges/{plan['id']}")).body["choices"] == {}


async def test_a_value_of_ones_own_is_a_choice(api: ApiStage) -> None:
    """Neither side need be right."""
    plan, _, _ = await planned(api)
    conflict, setting = [one["id"] for one in plan["conflicts"]]
    path = f"/merges/{plan['id']}"
    body = {conflict: {"value": ["both", None]}, setting: {"value": "error"}}
    assert (await post(api, f"{path}/resolutions", body)).body["status"] == "ready"
    merged = (await post(api, f"{path}/commit", WHY)).body["run"]
    listed = (await api.ask(f"/runs/{merged['id']}/checkpoints")).body["checkpoints"]
    first = listed[0]["checkpoint_id"]
    shown = (await api.ask(f"/runs/{merged['id']}/checkpoints/{first}")).body
    assert shown["state"]["thought"] == ["both", None]
    run = (await api.ask(f"/runs/{merged['id']}")).body
    assert run["overrides"] == {"fail_on": "error"}


async def test_a_setting_that_cannot_be_is_no_way_to_settle(api: ApiStage) -> None:
    """The commit says so, and a later choice takes its place."""
    plan, _, _ = await planned(api)
    conflict, setting = [one["id"] for one in plan["conflicts"]]
    path = f"/merges/{plan['id']}"
    body = {conflict: "ours", setting: {"value": "now and then"}}
    await post(api, f"{path}/resolutions", body)
    refused = await post(api, f"{path}/commit", WHY)
    assert (refused.status, refused.body["code"]) == (422, "overrides")
    await post(api, f"{path}/resolutions", {setting: "theirs"})
    done = await post(api, f"{path}/commit", WHY)
    assert done.status == 201, done.body


async def test_a_setting_of_one_side_alone_is_not_lost(api: ApiStage) -> None:
    """What only theirs has otherwise than where they parted, the merged run has."""
    run_id, _ = await finished(api)
    ours = await branched(api, run_id, end=True)
    theirs = await branched(api, run_id, end=True, min_confidence=0.5)
    plan = (await post(api, "/merges", {"ours": ours, "theirs": theirs})).body
    assert (plan["status"], plan["overrides"]) == ("ready", {"min_confidence": 0.5})
    done = await post(api, f"/merges/{plan['id']}/commit", WHY)
    run = (await api.ask(f"/runs/{done.body['run']['id']}")).body
    assert run["overrides"] == {"min_confidence": 0.5}


async def test_a_stale_plan_is_refused_with_a_fresh_one(api: ApiStage) -> None:
    """The 409 carries the plan as it is now, for both heads as they are."""
    run_id, _ = await finished(api)
    ours = await branched(api, run_id, end=True, fail_on="warning")
    theirs = await branched(api, run_id, end=False, fail_on="info")
    plan = (await post(api, "/merges", {"ours": ours, "theirs": theirs})).body
    assert [one["path"] for one in plan["conflicts"]] == ["/overrides/fail_on"]
    (setting,) = [one["id"] for one in plan["conflicts"]]
    await post(api, f"/merges/{plan['id']}/resolutions", {setting: "theirs"})
    await ended(api, theirs)
    answer = await post(api, f"/merges/{plan['id']}/commit", WHY)
    assert (answer.status, answer.body["code"]) == (409, "merge_stale")
    fresh = answer.body["current"]
    assert fresh["id"] == plan["id"]
    paths = [one["path"] for one in fresh["conflicts"]]
    assert paths == ["/thought", "/overrides/fail_on"]
    assert fresh["choices"] == {setting: "theirs"}
    assert fresh["theirs"] != plan["theirs"]


async def test_strangers_are_not_merged(api: ApiStage) -> None:
    """Runs that share no checkpoint, and merges that nobody planned."""
    one, _ = await finished(api)
    other = await api.stage.ask(pull=2)
    await ended(api, other)
    answer = await post(api, "/merges", {"ours": one, "theirs": other})
    assert (answer.status, answer.body["code"]) == (422, "unrelated_runs")
    for method, path in (("GET", ""), ("POST", "/resolutions"), ("POST", "/commit")):
        missing = await api.ask(f"/merges/{UNKNOWN_MERGE}{path}", method=method)
        assert (missing.status, missing.body["code"]) == (404, "merge_not_found")


async def test_a_merge_of_unseen_runs_is_not_there(api: ApiStage) -> None:
    """Whose repository the token does not see, its merges it does not see either."""
    plan, ours, theirs = await planned(api)
    secret = await api.token("operate", repositories=["acme/*"])
    hidden = await api.ask(f"/merges/{plan['id']}", secret=secret)
    assert (hidden.status, hidden.body["code"]) == (404, "merge_not_found")
    body = {"ours": ours, "theirs": theirs}
    refused = await post(api, "/merges", body, secret=secret)
    assert (refused.status, refused.body["code"]) == (404, "run_not_found")
