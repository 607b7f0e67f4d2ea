"""Sessions over the API: found by their facts, opened only for who is written down."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientError

from core.clock import SystemClock
from core.memory.model import Draft, Kind, Scope, Session, Source
from core.memory.schema import ITEMS, SESSIONS
from core.store.database import Database
from tests.fakes.api import Answer, ApiStage, api_stage
from tests.fakes.memory import PULL, message

WORDS = "unmistakable words"
KEYS = ",".join(
    f"{name}:{base64.b64encode(byte * 32).decode()}"
    for name, byte in (("k1", b"1"), ("k2", b"2"))
)


@pytest.fixture
async def api(database: Database) -> AsyncIterator[ApiStage]:
    """Give the API of a process that remembers."""
    async with api_stage(database, memory_keys=KEYS) as stage:
        yield stage
        await stage.base.memory.close()


async def said(api: ApiStage, *drafts: Draft, scope: Scope = PULL) -> Session:
    """Let something be remembered, and sealed in; returns the session."""
    memory = api.base.memory.opened()
    session = await memory.of(scope)
    await memory.append(session.id, drafts)
    await memory.sealing.flush()
    return session


async def audited(api: ApiStage) -> list[dict[str, Any]]:
    """Return what the audit says, oldest first; not how the first key came."""
    entries: list[dict[str, Any]] = (await api.ask("/audit")).body["entries"]
    return [one for one in entries if not one["action"].startswith("memory_key.")]


async def downloaded(api: ApiStage, session: Session) -> str:
    """Return all of an export; raises ClientError when it was cut off."""
    headers = {"Authorization": f"Bearer {await api.token('supervise')}"}
    path = f"/sessions/{session.id}/export"
    async with api.client.get(path, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "application/x-ndjson"
        return await response.text()


def pull(number: int, repository: str = "octo/hello") -> Scope:
    """Return a pull request's scope."""
    return Scope(kind="pull", repository=repository, pull=number)


async def test_a_page_of_messages_has_no_contents_until_they_are_asked_for(
    api: ApiStage,
) -> None:
    """Nor does anybody answer for having read what nobody has read."""
    session = await said(api, message(WORDS), message("more"), message("most"))

    answer = await api.ask(f"/sessions/{session.id}/messages?limit=2")

    assert [one["seq"] for one in answer.body["items"]] == [1, 2]
    assert answer.body["items"][0]["author"] == "ada"
    assert answer.body["items"][0]["content"] is None
    assert (answer.body["decrypted"], answer.body["next"]) == (False, 2)
    assert WORDS not in str(answer.body)
    assert await audited(api) == []


async def test_contents_are_answered_once_the_audit_says_who_read_which(
    api: ApiStage,
) -> None:
    """One entry a request, that names the items and does not tell what is in them."""
    other = Draft(kind=Kind.PREFERENCE, content={"name": "x"}, author="bob")
    session = await said(api, message(WORDS), other, message("more"))
    secret = await api.token("supervise")

    answer = await api.ask(
        f"/sessions/{session.id}/messages?decrypt=true", secret=secret
    )

    assert [one["content"] for one in answer.body["items"]] == [
        {"text": WORDS},
        {"text": "more"},
    ]
    (entry,) = await audited(api)
    assert entry["actor"] == f"token:{secret.split('_')[1]}"
    assert entry["action"] == "memory.read"
    assert entry["subject"] == f"session/{session.id}"
    assert (entry["repository"], entry["pull"]) == ("octo/hello", 7)
    assert entry["facts"] == {"what": "messages", "items": 2, "seqs": "1,3"}
    assert WORDS not in str(entry)


async def test_no_contents_are_answered_when_the_audit_cannot_be_written(
    api: ApiStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody would answer for is not read."""
    session = await said(api, message(WORDS))

    async def refuse(_: object) -> None:
        raise RuntimeError("no audit")

    monkeypatch.setattr(api.base.audit, "record", refuse)
    answer = await api.ask(f"/sessions/{session.id}/messages?decrypt=true")

    assert answer.status == 500
    assert WORDS not in str(answer.body)


async def test_one_item_is_opened_by_its_number(api: ApiStage) -> None:
    """It is written down like every other read; there is no item 2."""
    session = await said(api, message(WORDS))

    answer = await api.ask(f"/sessions/{session.id}/items/1")
    missing = await api.ask(f"/sessions/{session.id}/items/2")

    assert answer.body["content"] == {"text": WORDS}
    assert [one["facts"]["seqs"] for one in await audited(api)] == ["1"]
    assert (missing.status, missing.body["code"]) == (404, "item_not_found")


async def test_a_session_is_shown_by_its_facts_with_its_etag(api: ApiStage) -> None:
    """The head, the key's name, what holds it; none of it needs the key."""
    session = await said(api, message("one"), message("two"))

    answer = await api.ask(f"/sessions/{session.id}")

    body = answer.body
    assert answer.headers["Etag"] == f'"{body["revision"]}"'
    assert body["scope"]["repository"] == "octo/hello"
    assert body["counts"] == {"message": 2}
    assert body["key"] == {"id": "k1", "revision": 1}
    assert body["head"]["seq"] == 2
    assert len(bytes.fromhex(body["head"]["link"])) == 32
    assert (body["holds"], body["redactions"], body["state"]) == ([], 0, "live")


@pytest.mark.parametrize("path", ["", "/messages", "/workspace", "/preferences"])
async def test_a_session_of_an_unseen_repository_is_not_there(
    api: ApiStage, path: str
) -> None:
    """Neither is one that never was, nor one that is over its time."""
    session = await said(api, message("one"))
    over = await said(api, message("two"), scope=pull(8))
    past = SystemClock().now() - timedelta(days=1)
    await api.base.database.db[SESSIONS].update_one(
        {"_id": over.id}, {"$set": {"expires_at": past}}
    )
    elsewhere = await api.token("supervise", repositories=["other/*"])
    reader = await api.token("operate")

    unseen = await api.ask(f"/sessions/{session.id}{path}", secret=elsewhere)
    unknown = await api.ask(f"/sessions/session_{'0' * 26}{path}")
    expired = await api.ask(f"/sessions/{over.id}{path}")
    weak = await api.ask(f"/sessions/{session.id}{path}", secret=reader)

    for one in (unseen, expired):
        assert (one.status, one.body["code"]) == (404, "session_not_found")
    assert unknown.status == 404
    assert weak.status == 403


async def test_sessions_are_listed_by_their_facts(api: ApiStage) -> None:
    """Each question finds its own, newest first."""
    bob = message("hi", author="Bob")
    one = await said(api, message("one"), scope=pull(1))
    two = await said(api, bob, scope=pull(2, "octo/other"))
    three = await said(api, message("three"), scope=Scope(kind="actor", actor="Eve"))
    hold = {
        "id": "hold_1",
        "kind": "legal",
        "reason": "asked",
        "actor": "ada",
        "at": one.created_at,
        "items": [],
    }
    past = SystemClock().now() - timedelta(days=1)
    sessions = api.base.database.db[SESSIONS]
    await sessions.update_one({"_id": one.id}, {"$set": {"holds": [hold]}})
    await sessions.update_one({"_id": two.id}, {"$set": {"updated_at": past}})
    soon = (SystemClock().now() + timedelta(days=91)).isoformat().replace("+", "%2B")
    now = (SystemClock().now() - timedelta(hours=1)).isoformat().replace("+", "%2B")

    for query, wanted in (
        ("", [three, two, one]),
        ("?kind=actor", [three]),
        ("?actor=eve", [three]),
        ("?repo=octo/hello", [one]),
        ("?repo=octo/other&pull=2", [two]),
        ("?repo=octo/other&pull=1", []),
        ("?author=bob", [two]),
        ("?author=ada", [three, one]),
        ("?held=true", [one]),
        ("?held=false", [three, two]),
        (f"?expiring_before={soon}", [three, two, one]),
        (f"?expiring_before={now}", []),
        (f"?updated_since={now}", [three, one]),
        ("?state=ended", []),
    ):
        answer = await api.ask(f"/sessions{query}")
        found = [one["id"] for one in answer.body["sessions"]]
        assert found == [one.id for one in wanted], query
        assert WORDS not in str(answer.body)
    octo = await api.token("supervise", repositories=["octo/hello"])
    seen = await api.ask("/sessions", secret=octo)
    assert [line["id"] for line in seen.body["sessions"]] == [one.id]


@pytest.mark.parametrize("query", ["", "repo=octo/hello&", "author=ada&"])
async def test_pages_follow_each_other_without_a_gap(api: ApiStage, query: str) -> None:
    """Every session once, and a `next` only where something follows."""
    made = [(await said(api, message("x"), scope=pull(one))).id for one in range(7)]
    await said(api, message("x", author="bob"), scope=pull(1, "a/b"))
    wanted = made[::-1] if query else None
    found: list[str] = []
    cursor = ""
    while True:
        answer = await api.ask(f"/sessions?{query}limit=3{cursor}")
        found += [one["id"] for one in answer.body["sessions"]]
        if answer.body["next"] is None:
            break
        cursor = f"&cursor={answer.body['next']}"
    assert len(found) == len(set(found)) == (7 if query else 8)
    assert wanted is None or found == wanted


async def test_a_key_that_is_away_is_named_and_facts_are_still_shown(
    api: ApiStage, database: Database
) -> None:
    """503, and nothing is opened or overwritten; whoever looks has read nothing."""
    session = await said(api, message(WORDS))
    before = await database.db[ITEMS].find({"session": session.id}).to_list(None)
    alone = f"k2:{base64.b64encode(b'2' * 32).decode()}"
    async with api_stage(database, memory_keys=alone) as other:
        secret = await other.token("supervise")
        facts = await other.ask(f"/sessions/{session.id}/messages", secret=secret)
        opened = await other.ask(
            f"/sessions/{session.id}/messages?decrypt=true", secret=secret
        )

    assert facts.status == 200
    assert (opened.status, opened.body["code"]) == (503, "memory_key_missing")
    assert "k1" in opened.body["detail"]
    after = await database.db[ITEMS].find({"session": session.id}).to_list(None)
    assert after == before
    assert await audited(api) == []


async def test_an_item_that_was_changed_is_refused(api: ApiStage) -> None:
    """It is a broken seal, and no text of anybody's is shown for it."""
    session = await said(api, message(WORDS), message("two"))
    items = api.base.database.db[ITEMS]
    two = await items.find_one({"_id": f"{session.id}:2"})
    assert two is not None
    change = {"$set": {"sealed": two["sealed"]}}
    await items.update_one({"_id": f"{session.id}:1"}, change)

    answer = await api.ask(f"/sessions/{session.id}/messages?decrypt=true")

    assert answer.status == 500
    assert "text" not in str(answer.body)


async def test_an_item_that_is_over_is_not_shown(api: ApiStage) -> None:
    """Not even that it was there; what follows it is."""
    gone = SystemClock().now() - timedelta(hours=1)
    over = Draft(
        kind=Kind.MESSAGE,
        content={"text": WORDS},
        source=Source.COMMENT,
        expires_at=gone,
    )
    session = await said(api, over, message("two"))

    page = await api.ask(f"/sessions/{session.id}/messages?decrypt=true")
    one = await api.ask(f"/sessions/{session.id}/items/1")

    assert [item["seq"] for item in page.body["items"]] == [2]
    assert one.status == 404


async def test_a_hold_keeps_a_session_until_it_is_released(api: ApiStage) -> None:
    """Who deletes it is told why not; afterwards it goes for good."""
    session = await said(api, message(WORDS))
    path = f"/sessions/{session.id}"
    why = {"kind": "legal", "reason": "asked by counsel"}

    held = await api.ask(f"{path}/holds", method="POST", json=why)
    refused = await api.ask(path, method="DELETE", json={"reason": "over"})
    (hold,) = held.body["holds"]
    release = f"{path}/holds/{hold['id']}/release"
    released = await api.ask(release, method="POST", json={"reason": "settled"})
    again = await api.ask(release, method="POST", json={"reason": "settled"})
    gone = await api.ask(path, method="DELETE", json={"reason": "over"})

    assert (hold["kind"], hold["reason"]) == ("legal", "asked by counsel")
    assert (refused.status, refused.body["code"]) == (409, "session_held")
    assert refused.body["current"]["held"]
    assert released.body["holds"] == []
    assert (again.status, again.body["code"]) == (404, "hold_not_found")
    assert (gone.status, gone.body["state"]) == (200, "ended")
    assert gone.body["effective_backups_by"] > gone.body["effective_live_at"]
    assert (await api.ask(path)).status == 404
    listed = await api.ask("/sessions?state=ended")
    assert [one["id"] for one in listed.body["sessions"]] == [session.id]
    actions = [one["action"] for one in await audited(api)]
    done = ("hold", "release", "end", "erase")
    assert actions == [f"memory.{one}" for one in done]


async def test_a_session_is_renewed_by_who_has_seen_it_as_it_is(api: ApiStage) -> None:
    """Another version than the one that was seen is left alone."""
    session = await said(api, message(WORDS))
    path = f"/sessions/{session.id}"
    etag = (await api.ask(path)).headers["Etag"]
    until = (SystemClock().now() + timedelta(days=400)).isoformat()
    body = {"until": until, "reason": "a long review"}

    async def renew(seen: str) -> Answer:
        headers = {"If-Match": seen}
        return await api.ask(f"{path}/renew", method="POST", json=body, headers=headers)

    first, second = await renew(etag), await renew(etag)

    assert (first.status, first.body["generation"]) == (200, 2)
    assert first.headers["Etag"] != etag
    assert (second.status, second.body["code"]) == (412, "precondition")


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("POST", "/holds", {"kind": "legal"}),
        ("POST", "/holds", {"kind": "forever", "reason": "x"}),
        ("POST", "/renew", {"until": "2020-01-01T00:00:00Z", "reason": "late"}),
        ("POST", "/renew", {"until": "9999-01-01T00:00:00Z", "reason": "far"}),
        ("DELETE", "", {}),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    api: ApiStage, method: str, rest: str, body: dict[str, str]
) -> None:
    """Nothing is done to a session without a reason, or beyond time."""
    session = await said(api, message(WORDS))
    before = (await api.ask(f"/sessions/{session.id}")).body

    answer = await api.ask(f"/sessions/{session.id}{rest}", method=method, json=body)

    assert answer.status == 422
    assert (await api.ask(f"/sessions/{session.id}")).body == before


async def test_who_may_not_see_a_session_cannot_end_it(api: ApiStage) -> None:
    """For them it is not there."""
    session = await said(api, message(WORDS))
    secret = await api.token("supervise", repositories=["other/*"])

    for method, rest, body in (
        ("POST", "/holds", {"kind": "legal", "reason": "x"}),
        ("POST", "/renew", {"until": "2100-01-01T00:00:00Z", "reason": "x"}),
        ("DELETE", "", {"reason": "x"}),
    ):
        answer = await api.ask(
            f"/sessions/{session.id}{rest}", method=method, json=body, secret=secret
        )
        assert answer.status == 404
    assert (await api.ask(f"/sessions/{session.id}")).status == 200


async def test_a_session_is_downloaded_line_by_line_and_the_audit_tells(
    api: ApiStage,
) -> None:
    """From its header to the line that says that it is all there."""
    session = await said(api, message(WORDS), message("two"))

    lines = [json.loads(line) for line in (await downloaded(api, session)).splitlines()]

    assert lines[0]["session"] == session.id
    assert [one["content"]["text"] for one in lines[1:-1]] == [WORDS, "two"]
    assert lines[-1]["type"] == "end"
    (entry,) = await audited(api)
    assert (entry["action"], entry["facts"]) == ("memory.export", {"items": 2})


async def test_a_download_is_refused_like_any_other_read(api: ApiStage) -> None:
    """By whose it is, by scope, by form; and the audit has nothing to tell."""
    session = await said(api, message(WORDS))
    path = f"/sessions/{session.id}/export"
    elsewhere = await api.token("supervise", repositories=["other/*"])
    reader = await api.token("operate")

    assert (await api.ask(path, secret=elsewhere)).status == 404
    assert (await api.ask(path, secret=reader)).status == 403
    assert (await api.ask(path, secret="")).status == 401
    assert (await api.ask("/sessions/x/export")).status == 404
    assert (await api.ask(f"{path}?all=yes")).status == 422
    assert await audited(api) == []


async def test_a_download_that_cannot_be_finished_is_cut_off(api: ApiStage) -> None:
    """Nobody takes half a session for all of it."""
    session = await said(api, *(message("word " * 40_000) for _ in range(3)))
    await api.base.database.db[ITEMS].update_one(
        {"_id": f"{session.id}:3"}, {"$set": {"sealed": b"0" * 100}}
    )

    with pytest.raises(ClientError):
        await downloaded(api, session)


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
)
@pytest.mark.parametrize(
    "query",
    [
        "/sessions?expiring_before=",
        "/sessions?updated_since=",
        "/audit?since=",
        "/audit?until=",
    ],
)
async def test_a_time_that_has_no_equal_in_utc_is_before_or_after_all(
    api: ApiStage, query: str, time: str
) -> None:
    """Whoever asks for the end of the calendar gets an answer, not an incident."""
    await said(api, message(WORDS))

    answer = await api.ask(f"{query}{time.replace('+', '%2B')}")

    assert answer.status == 200, answer.body
