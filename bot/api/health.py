"""`/healthz`, `/readyz` and `/metrics`: what a load balancer and Prometheus ask."""

import platform

from aiohttp import web
from prometheus_client.aiohttp import make_aiohttp_handler

from bot.version import running_version
from core.errors import UnavailableError
from core.metrics import catalog
from core.metrics.process import describe_build
from core.metrics.registry import begin_counters
from core.store.database import Database


def add_own_routes(app: web.Application) -> None:
    """Serve what a process tells of itself: `/healthz` and `/metrics`."""

    async def healthy(_: web.Request) -> web.Response:
        return web.json_response({"status": "up", "version": running_version()})

    begin_counters()
    describe_build(version=running_version(), python=platform.python_version())
    app.router.add_get("/healthz", healthy)
    app.router.add_get("/metrics", make_aiohttp_handler(catalog.REGISTRY))


def add_routes(app: web.Application, *, database: Database) -> None:
    """Serve the three on `app`."""
    add_own_routes(app)

    async def ready(_: web.Request) -> web.Response:
        try:
            await database.ping()
        except UnavailableError as error:
            answer = {"status": "waiting", "code": error.code, "detail": str(error)}
            return web.json_response(answer, status=503)
        return web.json_response({"status": "ready"})

    app.router.add_get("/readyz", ready)
