"""The API as a whole: every noun's endpoints, and their description."""

from dataclasses import dataclass

from aiohttp import web

from bot.api import openapi
from bot.api.checkpoints import CheckpointEndpoints
from bot.api.parts import PartEndpoints
from bot.api.reading import RunReading
from bot.api.runs import RunEndpoints
from bot.api.serving import AnyEndpoint, serve
from core.access.service import Tokens
from core.clock import Ids
from core.runs.lister import RunLister
from core.runs.service import Runs
from core.store.blobs import Blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the API calls."""

    tokens: Tokens
    runs: Runs
    lister: RunLister
    blobs: Blobs
    ids: Ids


def endpoints_of(services: Services) -> tuple[AnyEndpoint, ...]:
    """Return every endpoint, noun by noun."""
    reading = RunReading(services.runs)
    parts = PartEndpoints(
        reading,
        lister=services.lister,
        journal=services.runs.journal,
        blobs=services.blobs,
    )
    return (
        *RunEndpoints(reading, services.lister).endpoints(),
        *CheckpointEndpoints(reading, services.blobs).endpoints(),
        *parts.endpoints(),
    )


def add_routes(app: web.Application, services: Services) -> None:
    """Serve the API and its description on `app`."""
    endpoints = endpoints_of(services)
    serve(app, endpoints, tokens=services.tokens, ids=services.ids)
    described = openapi.document(endpoints)

    async def describe(_: web.Request) -> web.Response:
        return web.json_response(described)

    app.router.add_get("/openapi.json", describe)
