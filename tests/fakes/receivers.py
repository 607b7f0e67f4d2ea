"""Receivers of webhooks for tests, and what to look for behind them."""

from collections.abc import Sequence

from aiohttp import ClientResponse, web
from pytest_aiohttp import AiohttpClient

from bot.webhooks.body import BodyLimits
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.receiver import add_routes
from bot.webhooks.sieve import Sift
from core.clock import SystemClock
from core.store.database import Database
from tests.fakes.hooks import SECRET, Client


async def serve(
    aiohttp_client: AiohttpClient,
    database: Database,
    *,
    secrets: Sequence[bytes] = (SECRET,),
    limits: BodyLimits | None = None,
    patience: float = 4.0,
    sift: Sift | None = None,
) -> Client:
    """Start a server with the webhook route alone, and return a client of it."""
    app = web.Application()
    deliveries = Deliveries(database, clock=SystemClock(), patience=patience)
    add_routes(app, deliveries=deliveries, secrets=secrets, limits=limits, sift=sift)
    return await aiohttp_client(app)


async def stored(database: Database) -> list[str]:
    """Return the GUIDs in the store."""
    return sorted([each["_id"] async for each in database.db.deliveries.find({})])


async def problem(answer: ClientResponse) -> tuple[int, str]:
    """Return status and code of a refusal, which must have the shape of RFC 9457."""
    assert answer.content_type == "application/problem+json"
    body = await answer.json()
    assert body["status"] == answer.status
    assert body["detail"]
    assert body["hint"]
    return answer.status, body["code"]
