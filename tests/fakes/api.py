"""The API over real HTTP for one test: a database, tokens, and a client that asks."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.api import site
from bot.api.dry_runs import DryRuns
from bot.api.problems import speaking_http
from bot.api.rca import RcaFiles
from bot.base import Base, assembled
from bot.bundling import rca_on
from bot.lifetime import LONGEST_LINE
from bot.operations import operations_on
from bot.pages.site import ReviewCenter
from bot.request_ids import named_requests
from bot.settings import load_settings
from core.access.tokens import Scope
from core.clock import SystemClock
from core.rca.service import Rca
from core.store.database import Database
from tests.fakes.kept import with_schema
from tests.fakes.stage import ScriptedPipeline, Stage

WEB_URL = "https://github.example"
Client = TestClient[web.Request, web.Application]


@dataclass
class Answer:
    """What came back: the status, the headers, the JSON if it is that, and the text."""

    status: int
    headers: dict[str, str]
    body: Any
    text: str = ""


@dataclass
class ApiStage:
    """Runs to ask about, and a way to ask."""

    base: Base
    stage: Stage
    client: Client

    async def token(
        self, *scopes: str, repositories: Sequence[str] = ("*",), **more: Any
    ) -> str:
        """Make a token and return its secret."""
        wanted = [Scope(one) for one in scopes or ("read",)]
        issued = await self.base.tokens.create(
            wanted, repositories=repositories, **more
        )
        return issued.secret

    async def ask(
        self, path: str, *, secret: str | None = None, method: str = "GET", **more: Any
    ) -> Answer:
        """Send one request; without a secret, a token for everything is used."""
        known = await self.token("admin") if secret is None else secret
        headers = {"Authorization": f"Bearer {known}"} if known else {}
        headers |= more.pop("headers", {})
        async with self.client.request(
            method, path, headers=headers, **more
        ) as response:
            typed = response.content_type.endswith("json")
            body = await response.json(content_type=None) if typed else None
            if response.content_type == "text/event-stream":  # it need not end
                return Answer(response.status, dict(response.headers), body)
            text = await response.text(errors="replace")
            return Answer(response.status, dict(response.headers), body, text)


@asynccontextmanager
async def api_stage(
    database: Database,
    *,
    rca: Callable[[Base], Rca] | None = None,
    patience: float = 15.0,
    **settings: object,
) -> AsyncIterator[ApiStage]:
    """Set the stage on a database, with the schema that `nofx migrate` installs.

    `rca` makes what builds bundles where the real one would be too much.
    """
    await with_schema(database)
    loaded = load_settings(None, **settings)
    base = assembled(database, loaded, SystemClock())
    app = web.Application()
    named_requests(app, base.ids)
    app.middlewares.append(speaking_http)
    operations = operations_on(base, None, model="rules")
    site.add_routes(app, base, operations)
    bundles = rca(base) if rca is not None else rca_on(base, loaded)
    files = RcaFiles(base, bundles, patience=patience)
    files.add_routes(app)
    ReviewCenter(
        base, operations, files, web_url=WEB_URL, public_url=loaded.public_url
    ).add_routes(app)
    DryRuns(None, None, ids=base.ids).add_routes(app)
    stage = Stage(database, ScriptedPipeline("one", "two"))
    server = TestServer(app)
    await server.start_server(max_line_size=LONGEST_LINE)
    async with TestClient(server) as client:
        try:
            yield ApiStage(base=base, stage=stage, client=client)
        finally:
            await bundles.close()
            await base.runs.close()
            await stage.runs.close()
