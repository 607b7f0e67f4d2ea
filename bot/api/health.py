"""`/healthz`, `/readyz` and `/metrics`: what a load balancer and Prometheus ask."""

from aiohttp import web
from prometheus_client.aiohttp import make_aiohttp_handler

from bot.version import running_version
from core.errors import UnavailableError
from core.store.database import Database


def add_routes(app: web.Application, *, database: Database) -> None:
    """Serve the three on `app`."""

    async def healthy(_: web.Request) -> web.Response:
        return web.json_response({"status": "up", "version": running_version()})

    async def ready(_: web.Request) -> web.Response:
        try:
            await database.ping()
        except UnavailableError as error:
            answer = {"status": "waiting", "code": error.code, "detail": str(error)}
            return web.json_response(answer, status=503)
        return web.json_response({"status": "ready"})

    app.router.add_get("/healthz", healthy)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", make_aiohttp_handler())
