"""Redactions over the API: who may ask, what is answered, and what never is."""

import base64
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from core.memory.model import Session
from core.redaction.places import Derived
from core.store.database import Database
from tests.fakes.api import Answer, ApiStage, api_stage
from tests.fakes.copies import Copies
from tests.fakes.memory import PULL, message

SECRET = "correct horse battery staple"
KEYS = f"k1:{base64.b64encode(b'1' * 32).decode()}"
UNKNOWN = "session_01hxqg5t0kc8f2v7w3m9b4n6ry"


@pytest.fixture
async def api(database: Database) -> AsyncIterator[ApiStage]:
    """Give the API of a process that remembers, and that knows one place of copies."""
    async with api_stage(database, memory_keys=KEYS) as stage:

        async def places() -> Sequence[Derived]:
            return (Copies(database),)

        stage.base.memory.redactions().reach(places)
        yield stage
        await stage.base.memory.close()


async def said(api: ApiStage, *texts: str) -> Session:
    """Let something be remembered, and sealed in; returns the session as it is then."""
    memory = api.base.memory.opened()
    session = await memory.of(PULL)
    await memory.append(session.id, [message(text) for text in texts])
    await memory.sealing.flush()
    return await memory.session(session.id)


async def redact(api: ApiStage, session_id: str, target: object, **more: Any) -> Answer:
    """Ask for a redaction as a supervisor does."""
    headers = more.pop("headers", {})
    secret = await api.token("supervise", repositories=["octo/hello"])
    return await api.ask(
        f"/sessions/{session_id}/redactions",
        method="POST",
        secret=secret,
        json={"target": target, "reason": "a password", **more},
        headers=headers,
    )


async def test_a_span_goes_and_its_redaction_says_where_it_was(api: ApiStage) -> None:
    """The list and the one are the same; neither has what is gone."""
    session = await said(api, f"it is {SECRET}", "well")
    span = {"seq": 1, "pointer": "/text", "start": 6, "end": 6 + len(SECRET)}

    answer = await redact(api, session.id, {"span": span})

    assert answer.status == 200, answer.body
    done = answer.body
    assert (done["status"], done["rule"], done["items"]) == ("complete", "span", [1])
    assert set(done["places"]) == {"items", "copies"}
    assert done["actor"].startswith("token:")
    listed = await api.ask(f"/sessions/{session.id}/redactions")
    assert listed.body["redactions"] == [done]
    one = await api.ask(f"/sessions/{session.id}/redactions/{done['id']}")
    assert one.body == done
    item = (await api.ask(f"/sessions/{session.id}/items/1")).body
    assert item["content"] == {"text": f"it is [redacted:{done['id']}]"}
    assert item["revision"] == 2
    assert item["tombstones"][0]["why"] == "a password"
    assert "horse" not in str((done, item))


async def test_a_dry_run_answers_what_would_go(api: ApiStage) -> None:
    """It has no id, for nothing was written down but that somebody looked."""
    session = await said(api, f"it is {SECRET}")
    pattern = {"pattern": {"syntax": "RE2", "pattern": "horse"}}

    would = await redact(api, session.id, pattern, dry_run=True)

    assert (would.body["id"], would.body["status"]) == (None, "planned")
    assert would.body["items"] == [1]
    listed = await api.ask(f"/sessions/{session.id}/redactions")
    assert listed.body["redactions"] == []
    entries = (await api.ask("/audit")).body["entries"]
    actions = [one["action"] for one in entries]
    assert [one for one in actions if "redact" in one] == ["memory.redact_preview"]


async def test_what_has_changed_since_it_was_seen_is_not_touched(
    api: ApiStage,
) -> None:
    """412 says how the session stands; its ETag then does."""
    session = await said(api, f"it is {SECRET}")
    await said(api, "more")
    whole = {"message": {"seq": 1}}

    for stale in (session.etag, f"W/{session.etag}"):
        answer = await redact(api, session.id, whole, headers={"If-Match": stale})
        assert (answer.status, answer.body["code"]) == (412, "precondition")
        assert answer.body["current"]["revision"] > session.revision
    shown = await api.ask(f"/sessions/{session.id}")
    broken = await redact(api, session.id, whole, headers={"If-Match": "7"})
    assert broken.status == 422
    etag = shown.headers["Etag"]
    done = await redact(api, session.id, whole, headers={"If-Match": f'"x", {etag}'})
    assert done.status == 200


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"pattern": {"pattern": r"(a)\1"}}, "redaction_target"),
        ({"pattern": {"pattern": "a*"}}, "redaction_target"),
        ({"pattern": {"pattern": r"[\p{L}]{500}"}}, "redaction_target"),
        ({"message": {"seq": 9}}, "redaction_target"),
        ({"pattern": {"pattern": "a" * 501}}, "request_invalid"),
        ({"pattern": {"pattern": "a", "syntax": "PCRE"}}, "request_invalid"),
        ({"message": {"seq": 1}, "pattern": {"pattern": "a"}}, "request_invalid"),
        ({}, "request_invalid"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    api: ApiStage, target: object, code: str
) -> None:
    """With the code for a body that is wrong, or for a target that is."""
    session = await said(api, f"it is {SECRET}")
    answer = await redact(api, session.id, target)
    assert (answer.status, answer.body["code"]) == (422, code)


async def test_who_may_not_see_a_session_cannot_redact_it(api: ApiStage) -> None:
    """It is not there for them, as one that never was; a reader may not ask at all."""
    session = await said(api, f"it is {SECRET}")
    body = {"target": {"message": {"seq": 1}}, "reason": "x"}
    other = await api.token("supervise", repositories=["octo/other"])
    reader = await api.token("operate")

    for secret, session_id, status in (
        (other, session.id, 404),
        (other, UNKNOWN, 404),
        (reader, session.id, 403),
    ):
        path = f"/sessions/{session_id}/redactions"
        asked = await api.ask(path, method="POST", secret=secret, json=body)
        assert asked.status == status
        assert (await api.ask(path, secret=secret)).status == status
    missing = "red_01hxqg5t0kc8f2v7w3m9b4n6ry"
    answer = await api.ask(f"/sessions/{session.id}/redactions/{missing}")
    assert answer.body["code"] == "redaction_not_found"


async def test_what_is_held_goes_only_when_the_hold_is_overridden(
    api: ApiStage,
) -> None:
    """And never without a reason."""
    session = await said(api, f"it is {SECRET}")
    await api.ask(
        f"/sessions/{session.id}/holds",
        method="POST",
        json={"kind": "legal", "reason": "case 7"},
    )
    whole = {"message": {"seq": 1}}

    held = await redact(api, session.id, whole)
    assert (held.status, held.body["code"]) == (409, "session_held")
    unsaid = await redact(api, session.id, whole, override_hold=True, reason="")
    assert unsaid.status == 422
    assert (await redact(api, session.id, whole, override_hold=True)).status == 200
