"""Findings over HTTP: who sees them, who decides, and what a lost race is told."""

from typing import Any

from tests.fakes.api import Answer, ApiStage
from tests.fakes.seen_reviews import seen

LIST = "/repos/octo/hello/pulls/7/findings"
UNKNOWN = "finding_01hxqg5t0kc8f2v7w3m9b4n6ry"
DISMISS = {"state": "dismissed", "reason": "it is only ours"}


async def listed(api: ApiStage, query: str = "") -> list[dict[str, Any]]:
    """Return the findings of the pull request that a review saw."""
    answer = await api.ask(LIST + query)
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.body["findings"]
    return found


async def patch(api: ApiStage, name: str, body: Any, **more: Any) -> Answer:
    """Say something of a finding."""
    return await api.ask(f"/findings/{name}", method="PATCH", json=body, **more)


async def reviewed(api: ApiStage) -> list[dict[str, Any]]:
    """Let a review find two risks, and return them."""
    await api.base.findings.settle("octo/hello", 7, seen(["risk a", "risk b"]))
    return await listed(api)


async def test_a_pull_requests_findings_are_listed(api: ApiStage) -> None:
    """All, or those in a state; a pull request without any has an empty list."""
    assert await listed(api) == []
    first, second = await reviewed(api)
    assert {first["state"], second["state"]} == {"posted"}
    assert first["fingerprint"].startswith(first["name"])
    await patch(api, first["id"], DISMISS)
    assert [one["id"] for one in await listed(api, "?open=true")] == [second["id"]]
    (dismissed,) = await listed(api, "?state=dismissed")
    assert (dismissed["id"], dismissed["reason"]) == (first["id"], DISMISS["reason"])


async def test_what_a_token_does_not_see_is_not_there(api: ApiStage) -> None:
    """Neither the list nor the finding, and reading changes nothing."""
    first, _ = await reviewed(api)
    other = await api.token("operate", repositories=["octo/other"])
    assert (await api.ask(LIST, secret=other)).status == 404
    assert (await api.ask(f"/findings/{first['id']}", secret=other)).status == 404
    assert (await patch(api, first["id"], DISMISS, secret=other)).status == 404
    reader = await api.token("read")
    assert (await patch(api, first["id"], DISMISS, secret=reader)).status == 403
    assert (await patch(api, UNKNOWN, DISMISS)).body["code"] == "finding_not_found"


async def test_a_decision_is_kept_with_who_took_it(api: ApiStage) -> None:
    """In the ledger and in the audit; a word that no row allows is a conflict."""
    first, _ = await reviewed(api)
    answer = await patch(api, first["id"], {"state": "resolved", "reason": "done"})
    assert (answer.status, answer.body["state"]) == (200, "addressed")
    assert answer.body["actor"].startswith("token:")
    audit = (await api.ask("/audit?action=finding.addressed")).body["entries"]
    assert [one["subject"] for one in audit] == [first["id"]]
    refused = await patch(api, first["id"], DISMISS)
    assert (refused.status, refused.body["code"]) == (409, "illegal_transition")
    assert refused.body["current"]["state"] == "addressed"
    without = await patch(api, first["id"], {"state": "dismissed", "reason": ""})
    assert without.status == 422


async def test_if_match_protects_what_was_seen(api: ApiStage) -> None:
    """Who decided on an older revision is told how things stand now."""
    first, _ = await reviewed(api)
    etag = (await api.ask(f"/findings/{first['id']}")).headers["Etag"]
    stale, fresh = {"If-Match": '"99"'}, {"If-Match": etag}
    refused = await patch(api, first["id"], DISMISS, headers=stale)
    assert (refused.status, refused.body["code"]) == (412, "finding_moved")
    assert refused.body["current"]["state"] == "posted"
    done = await patch(api, first["id"], DISMISS, headers=fresh)
    assert (done.status, done.body["state"]) == (200, "dismissed")
    assert done.headers["Etag"] != etag
