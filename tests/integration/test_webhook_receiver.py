"""Deliveries are stored before they are acknowledged, and bad ones not at all."""

import asyncio
import hmac
import json
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpClient

from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import KEPT, DeliveryState
from bot.webhooks.receiver import add_routes
from bot.webhooks.sieve import sieve
from core.clock import SystemClock
from core.errors import WebhookSecretMissingError
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from tests.fakes.hooks import SECRET, HookSender
from tests.fakes.inboxes import stored_in
from tests.fakes.payloads import APP, comment
from tests.fakes.receivers import problem, serve, stored

AWAY = ("away-0", "away-1", "away-2")


@pytest.fixture
async def store(database: Database) -> Database:
    """Give a database that has the collection of deliveries."""
    return await stored_in(database)


@pytest.fixture
async def github(aiohttp_client: AiohttpClient, store: Database) -> HookSender:
    """Give GitHub's side of a receiver with its ordinary limits."""
    return HookSender(await serve(aiohttp_client, store))


async def test_a_signed_delivery_is_stored_and_acknowledged(
    github: HookSender, store: Database
) -> None:
    """The answer is 202 and the document is there."""
    answer = await github.post(guid="a-1")

    assert answer.status == 202
    assert await answer.json() == {"delivery": "a-1", "status": "accepted"}
    document = await store.db.deliveries.find_one({"_id": "a-1"})
    assert document is not None
    assert (document["event"], document["action"]) == ("pull_request", "opened")
    assert (document["state"], document["attempts"]) == ("received", 0)
    assert "purge_after" not in document


async def test_the_same_delivery_twice_is_stored_once(
    github: HookSender, store: Database
) -> None:
    """A redelivery keeps its GUID; it is acknowledged and changes nothing."""
    await github.post(guid="a-1", payload={"action": "opened"})

    again = await github.post(guid="a-1", payload={"action": "closed"})

    assert again.status == 202
    assert (await again.json())["status"] == "duplicate"
    document = await store.db.deliveries.find_one({"_id": "a-1"})
    assert document is not None
    assert document["action"] == "opened"


async def test_what_asks_nothing_is_ignored_in_the_write_that_keeps_it(
    aiohttp_client: AiohttpClient, store: Database
) -> None:
    """The answer and the document say why; no inbox finds it, and it is purged."""
    github = HookSender(await serve(aiohttp_client, store, sift=sieve(APP)))

    answer = await github.post("issue_comment", comment(body="Fine."), guid="talk")
    again = await github.post("issue_comment", comment(body="Fine."), guid="talk")
    other = await github.post("issue_comment", comment(), guid="command")

    reason = "the comment holds no command"
    assert answer.status == 202
    assert await answer.json() == {
        "delivery": "talk",
        "status": "ignored",
        "reason": reason,
    }
    assert (await again.json())["status"] == "duplicate"
    assert (await other.json())["status"] == "accepted"
    document = await store.db.deliveries.find_one({"_id": "talk"})
    assert document is not None
    assert (document["state"], document["reason"]) == ("ignored", reason)
    assert document["purge_after"] - document["received_at"] == KEPT
    deliveries = Deliveries(store, clock=SystemClock())
    (due,) = await deliveries.due(DeliveryState.RECEIVED, most=10)
    assert due.guid == "command"


async def test_many_at_once_share_writes_and_none_is_lost(
    github: HookSender, store: Database
) -> None:
    """Fifty at a time, some twice, one that the validator refuses."""
    guids = [f"g-{number % 40:02}" for number in range(50)]

    answers = await asyncio.gather(*(github.post(guid=guid) for guid in guids))

    assert {answer.status for answer in answers} == {202}
    words = Counter([(await answer.json())["status"] for answer in answers])
    assert words == {"accepted": 40, "duplicate": 10}
    assert await stored(store) == sorted(set(guids))


async def test_a_document_that_the_database_refuses_fails_its_sender_alone(
    aiohttp_client: AiohttpClient, empty_database: Database
) -> None:
    """Program and validator disagree about one delivery; the others are stored."""
    rules = {"$jsonSchema": {"properties": {"event": {"enum": ["push"]}}}}
    await empty_database.db.create_collection("deliveries", validator=rules)
    github = HookSender(await serve(aiohttp_client, empty_database))

    answers = await asyncio.gather(
        *(
            github.post(event, guid=f"{event}-{n}")
            for n in range(4)
            for event in ("push", "odd")
        )
    )

    assert [answer.status for answer in answers] == [202, 500] * 4
    assert await problem(answers[1]) == (500, "refused_by_database")
    assert await stored(empty_database) == [f"push-{n}" for n in range(4)]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Hub-Signature-256": None},
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Hub-Signature-256": "nonsense"},
        {
            "X-Hub-Signature-256": None,
            "X-Hub-Signature": "sha1="
            + hmac.digest(SECRET, b'{"action": "opened"}', "sha1").hex(),
        },
    ],
    ids=["missing", "wrong", "misshapen", "sha1-only"],
)
async def test_who_cannot_sign_is_refused_and_nothing_is_stored(
    github: HookSender, store: Database, headers: dict[str, str | None]
) -> None:
    """Only a SHA-256 signature under one of our secrets opens the door."""
    answer = await github.post(headers=headers)

    assert await problem(answer) == (401, "webhook_signature")
    assert await stored(store) == []


async def test_secrets_rotate_without_a_gap(
    aiohttp_client: AiohttpClient, store: Database
) -> None:
    """The new secret and the old one both count, a third does not."""
    client = await serve(aiohttp_client, store, secrets=[b"new", b"old"])

    answers = [
        await HookSender(client, secret=secret).post(guid=secret.decode())
        for secret in (b"new", b"old", b"older")
    ]

    assert [answer.status for answer in answers] == [202, 202, 401]
    assert await stored(store) == ["new", "old"]


async def test_githubs_documented_signature_opens_the_door(
    aiohttp_client: AiohttpClient, store: Database
) -> None:
    """Its example body is no JSON: refused for that, and not for the signature."""
    secret = b"It's a Secret to Everybody"
    github = HookSender(await serve(aiohttp_client, store, secrets=[secret]))
    known = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    answer = await github.post(
        body=b"Hello, World!", headers={"X-Hub-Signature-256": f"sha256={known}"}
    )

    assert await problem(answer) == (400, "delivery_malformed")


async def test_the_route_is_not_served_without_a_secret(store: Database) -> None:
    """A missing setting stops the start; it does not open the door."""
    deliveries = Deliveries(store, clock=SystemClock())

    with pytest.raises(WebhookSecretMissingError):
        add_routes(web.Application(), deliveries=deliveries, secrets=[])


@pytest.mark.parametrize("body", [b"not json", b"[]", b""])
async def test_what_is_no_json_object_is_malformed(
    github: HookSender, store: Database, body: bytes
) -> None:
    """Signed or not, it cannot be an event."""
    answer = await github.post(body=body)

    assert await problem(answer) == (400, "delivery_malformed")
    assert await stored(store) == []


@pytest.mark.parametrize("name", ["X-GitHub-Event", "X-GitHub-Delivery"])
async def test_a_missing_header_is_malformed(
    github: HookSender, store: Database, name: str
) -> None:
    """Without event or GUID there is nothing to store."""
    answer = await github.post(headers={name: None})

    assert await problem(answer) == (400, "delivery_malformed")
    assert await stored(store) == []


async def test_the_form_content_type_is_taken_too(
    github: HookSender, store: Database
) -> None:
    """A webhook may be set to send its JSON as a form's field."""
    answer = await github.post(
        body=urlencode({"payload": json.dumps({"action": "closed"})}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        guid="form",
    )

    assert answer.status == 202
    document = await store.db.deliveries.find_one({"_id": "form"})
    assert document is not None
    assert document["action"] == "closed"


async def test_without_a_database_github_is_asked_to_come_again(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    """The process stays up, answers 503, and stores again when the server is back."""
    server = EmbeddedServer(tmp_path, clock=SystemClock())
    await server.open()
    database = connect(server.url, embedded=True, selection_timeout=0.2)
    try:
        github = HookSender(await serve(aiohttp_client, database, patience=1))
        before = await github.post(guid="before")
        await server.close()

        away = await asyncio.gather(*(github.post(guid=guid) for guid in AWAY))
        assert [answer.status for answer in away] == [503] * 3
        assert await problem(away[0]) == (503, "store_unavailable")
        assert int(away[0].headers["Retry-After"]) > 0

        await server.open()
        while (answer := await github.post(guid="away-0")).status == 503:
            pass
        again = await github.post(guid="before")
        assert [each.status for each in (before, answer, again)] == [202] * 3
        assert (await again.json())["status"] == "duplicate"
        found = await stored(database)
        assert {"before", "away-0"} <= set(found) <= {"before", *AWAY}
    finally:
        await database.close()
        await server.close()
