"""`/setup` and `/setup/done`: to GitHub with a manifest, and back with a code."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bot.api.problems import status_of
from bot.app_file import AppFile
from bot.github.manifest import ConvertedApp
from bot.setup import page
from bot.setup.desk import SetupDesk
from bot.setup.page import Offer
from core.errors import NofxError, SetupDoneError, SetupRefusedError

BUG = 500
LONGEST_CODE = 200
Convert = Callable[[str], Awaitable[ConvertedApp]]
log = structlog.get_logger()


class SetupSite:
    """Serves the two pages until the App is made; `made` holds it then."""

    def __init__(
        self, offer: Offer, desk: SetupDesk, *, convert: Convert, file: AppFile
    ) -> None:
        self._offer = offer
        self._desk = desk
        self._convert = convert
        self._file = file
        self._one = asyncio.Lock()
        self.made: asyncio.Future[ConvertedApp] = asyncio.Future()

    def add_routes(self, app: web.Application) -> None:
        """Serve the pages; a HEAD must use nothing up."""
        app.router.add_get("/setup", self._told(self._offered), allow_head=False)
        app.router.add_get("/setup/done", self._told(self._done), allow_head=False)

    def _told(
        self, act: Callable[[web.Request], Awaitable[str]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            status = 200
            try:
                text = await act(request)
            except NofxError as error:
                status, text = status_of(type(error)), page.refused(error)
                log.warning("setup.refused", reason=str(error))
            return web.Response(
                text=text,
                status=status,
                content_type="text/html",
                headers=page.headers(self._offer.web),
            )

        return answer

    async def _offered(self, request: web.Request) -> str:
        if self.made.done():
            raise SetupDoneError
        state = self._desk.admit(request.query.get("key", ""))
        return page.offered(self._offer, state)

    async def _done(self, request: web.Request) -> str:
        code = request.query.get("code", "")
        # One at a time: a second App would have nowhere to go.
        async with self._one:
            if self.made.done():
                raise SetupDoneError
            self._desk.redeem(request.query.get("state", ""))
            if not 0 < len(code) <= LONGEST_CODE:
                raise SetupRefusedError(reason="GitHub sent no code along")
            app = await self._convert(code)
            self._file.write(variables_of(app))
            self.made.set_result(app)
        log.info("setup.done", app=app.slug, app_id=app.id)
        return page.done(
            slug=app.slug, install=app.install_url, path=str(self._file.path)
        )


def variables_of(app: ConvertedApp) -> dict[str, str]:
    """Return what nofx needs of a fresh App, as the environment names it."""
    return {
        "NOFX_APP_ID": str(app.id),
        "NOFX_PRIVATE_KEY": app.pem.get_secret_value(),
        "NOFX_WEBHOOK_SECRETS": app.webhook_secret.get_secret_value(),
    }
