"""Octokit's 329 example payloads are all acknowledged, and none dead-letters."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpClient

from bot.webhooks.attempt import InboxPolicy
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Delivery
from bot.webhooks.delivery_schema import DELIVERIES
from bot.webhooks.event_types import Event
from bot.webhooks.events import PARSERS, parse_event
from bot.webhooks.inbox import Inbox
from bot.webhooks.outcome import Done, Ignored, Outcome
from bot.webhooks.receiver import add_routes
from core.clock import SystemClock
from core.store.database import Database
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.fakes.hooks import SECRET, HookSender
from tests.fakes.waiting import eventually
from tests.judges.npm import unpacked

pytestmark = pytest.mark.judge


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Return each example's event and payload."""
    folder = unpacked("@octokit/webhooks-examples", "7.6.1")
    index = json.loads((folder / "api.github.com" / "index.json").read_text())
    return [(each["name"], found) for each in index for found in each["examples"]]


def own_app_id(payload: dict[str, Any]) -> int | None:
    """Return the App whose check it is, as if the App were ours."""
    check = payload.get("check_run") or payload.get("check_suite") or {}
    found = (check.get("app") or {}).get("id")
    return found if isinstance(found, int) else None


async def test_every_example_is_acknowledged_and_worked(
    aiohttp_client: AiohttpClient, database: Database
) -> None:
    """Signed, over HTTP, into the real database, and through the inbox."""
    payloads = examples()
    assert len(payloads) == 329
    await migrate(database, Schema(version=1, collections=(DELIVERIES,)))
    deliveries = Deliveries(database, clock=SystemClock())
    app = web.Application()
    add_routes(app, deliveries=deliveries, secrets=[SECRET])
    github = HookSender(await aiohttp_client(app))
    events: dict[str, Event | Ignored] = {}

    async def handle(delivery: Delivery) -> Outcome:
        payload = dict(delivery.payload())
        event = parse_event(delivery.event, payload, app_id=own_app_id(payload))
        events[delivery.guid] = event
        return event if isinstance(event, Ignored) else Done()

    inbox = Inbox(
        deliveries=deliveries,
        handle=handle,
        owner="judge",
        clock=SystemClock(),
        policy=InboxPolicy(poll=0.1, most_attempts=1),
    )
    running = asyncio.create_task(inbox.run())
    for start in range(0, len(payloads), 32):
        answers = await asyncio.gather(
            *(
                github.post(name, payload, guid=f"octokit-{number}")
                for number, (name, payload) in enumerate(
                    payloads[start : start + 32], start
                )
            )
        )
        assert {answer.status for answer in answers} == {202}
    await eventually(lambda: inbox.counts.total() == len(payloads))
    inbox.stop()
    await running

    assert await deliveries.dead() == []
    assert set(inbox.counts) == {"done", "ignored"}
    refused = {
        (what, event.reason)
        for number, (name, payload) in enumerate(payloads)
        if (what := known(name, payload.get("action"))) is not None
        and isinstance(event := events[f"octokit-{number}"], Ignored)
    }
    # What nofx acts on is understood, but for what is about no pull request.
    assert refused == {
        ("issue_comment", "the comment is on an issue, not on a pull request"),
    }


def known(name: str, action: object) -> str | None:
    """Return the event's name if nofx acts on it."""
    return name if f"{name}.{action}" in PARSERS or name in PARSERS else None
