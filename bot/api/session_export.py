"""`/sessions/{session_id}/export`: a session with its contents, line by line."""

from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from bot.api import problems, requests
from bot.api.described import LINES
from bot.api.endpoint import Nothing
from bot.api.plaintext import Plaintext
from bot.base import Base
from core.access.tokens import Scope
from core.errors import NofxError
from core.memory.browsing import Browser
from core.memory.contents import Contents
from core.memory.model import Session
from core.memory.workspace import Workspaces

log = structlog.get_logger()


class SessionExport:
    """Answers downloads; each is in the audit before its first byte is sent."""

    def __init__(self, base: Base, browser: Browser) -> None:
        self._base = base
        self._browser = browser

    def add_routes(self, app: web.Application) -> None:
        """Serve downloads on `app`."""
        app.router.add_get(
            "/sessions/{session_id}/export", self._answer, allow_head=False
        )

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            session, actor = await self._asked(request)
            lines = await self._lines(session, actor)
            first = await anext(lines)
        except Exception as error:  # noqa: BLE001  # told, or logged with its trace
            return problems.told(request, error, self._base.ids)
        name = f'attachment; filename="{session.id}.ndjson"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        response.content_type = LINES
        await response.prepare(request)
        try:
            await response.write(first)
            async for line in lines:
                await response.write(line)
            await response.write_eof()
        except ConnectionError:
            log.debug("export.gone", session_id=session.id)
        except NofxError as error:
            # Past every status: it is cut off, so that nobody takes it for all.
            log.warning("export.broken", session_id=session.id, reason=str(error))
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _asked(self, request: web.Request) -> tuple[Session, str]:
        tokens = self._base.tokens
        token = await requests.token_of(request, tokens, Scope.SUPERVISE)
        path = requests.path_of(dict(request.match_info))
        requests.query_of(request, Nothing)
        session = await self._browser.session(path["session_id"], token.sees)
        return session, f"token:{token.prefix}"

    async def _lines(self, session: Session, actor: str) -> AsyncIterator[bytes]:
        memory = self._base.memory.opened()
        plaintext = Plaintext(memory, self._base.audit)
        workspaces = Workspaces(memory, Contents(self._base.database))
        return await plaintext.export(session, workspaces, actor=actor)
