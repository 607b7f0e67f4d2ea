"""`/runs/{run_id}/rca`: why a run came out as it did, as one file to take away.

To build one and to read one both take the scope `operate`: a bundle has in one place
what no call shows to readers, such as prompts, raw answers of models and what GitHub
was told. What a token may not see is not there.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bot.api import problems, ranges, requests
from bot.api.answers.rca import BundleAwaited, BundleDetail
from bot.api.endpoint import Nothing
from bot.api.rca_query import BundleQuery
from bot.api.rca_report import MEDIA_TYPE, PAGE, TEXT, report_in
from bot.base import Base
from core.access.tokens import Scope, Token
from core.errors import (
    BundleBusyError,
    BundleNotFoundError,
    NofxError,
    RunNotFoundError,
)
from core.events.schema import AuditRecorded
from core.rca.kept import Bundle, State
from core.rca.service import Rca

PATH = "/runs/{run_id}/rca"
GZIP = "application/gzip"
RETRY_AFTER = "5"
# A client that takes less than this much within so many seconds is cut off.
CHUNK = 64 * 1024
SLOWEST = 30.0
Answering = Callable[[web.Request, Token, str], Awaitable[web.StreamResponse]]
log = structlog.get_logger()


class RcaFiles:
    """Answers what has statuses and bodies of its own; the audit tells of each."""

    def __init__(self, base: Base, rca: Rca, *, patience: float = 15.0) -> None:
        self._base = base
        self._rca = rca
        self._patience = patience

    def add_routes(self, app: web.Application) -> None:
        """Serve bundles on `app`."""
        app.router.add_post(PATH, self._answering(self._build))
        app.router.add_get(PATH, self._answering(self._download))
        app.router.add_get(f"{PATH}/report", self._answering(self._report))

    def _answering(
        self, act: Answering
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                tokens = self._base.tokens
                token = await requests.token_of(request, tokens, Scope.OPERATE)
                run_id = requests.path_of(dict(request.match_info))["run_id"]
                await self.check(token, run_id)
                return await act(request, token, run_id)
            except Exception as error:  # noqa: BLE001  # told, or logged with its trace
                return problems.told(request, error, self._base.ids)

        return answer

    async def page(self, token: Token, run_id: str) -> str:
        """Return the report of the newest bundle as a page; the audit tells of it.

        Raises RunNotFoundError, BundleNotFoundError, BundleDamagedError.
        """
        await self.check(token, run_id)
        bundle = await self.newest(run_id)
        if bundle is None:
            raise BundleNotFoundError(run_id=run_id)
        text = await report_in(self._rca, bundle, PAGE)
        whole = ranges.Asked(start=0, end=len(text), is_part=True)
        await self._record(bundle, token, whole)
        return text.decode()

    async def newest(self, run_id: str) -> Bundle | None:
        """Return the newest bundle of a run, if there is one."""
        return await self._rca.latest(run_id)

    async def ask_for(self, token: Token, run_id: str) -> bool:
        """Have a bundle of a run as it is; False while that takes longer.

        Raises RunNotFoundError, BundleFailedError.
        """
        await self.check(token, run_id)
        try:
            await self._rca.ensure(run_id, actor=_actor(token), patience=self._patience)
        except BundleBusyError:
            return False
        return True

    async def check(self, token: Token, run_id: str) -> None:
        """Raise RunNotFoundError for what is not there, and what may not be seen."""
        listed = await self._base.runs.projection.get(run_id)
        if listed is not None:
            repository = str(listed["repository"])
        else:
            run = await self._base.runs.load(run_id)
            repository = run.subject.repository
        if not token.sees(repository):
            raise RunNotFoundError(run_id=run_id)

    async def _build(
        self, request: web.Request, token: Token, run_id: str
    ) -> web.StreamResponse:
        requests.query_of(request, Nothing)
        await requests.body_of(request, Nothing)
        headers = {"Cache-Control": "no-store"}
        try:
            ensured = await self._rca.ensure(
                run_id, actor=_actor(token), patience=self._patience
            )
        except BundleBusyError as busy:
            since = str(busy.facts["since"])
            awaited = BundleAwaited(run_id=run_id, state=State.BUILDING, since=since)
            return web.Response(
                text=awaited.model_dump_json(),
                status=202,
                content_type="application/json",
                headers={**headers, "Retry-After": RETRY_AFTER},
            )
        detail = BundleDetail.of(ensured.bundle)
        headers |= {"ETag": _etag(ensured.bundle), "Location": detail.links.download}
        return web.Response(
            text=detail.model_dump_json(),
            status=201 if ensured.fresh else 200,
            content_type="application/json",
            headers=headers,
        )

    async def _download(
        self, request: web.Request, token: Token, run_id: str
    ) -> web.StreamResponse:
        bundle = await self._wanted(request, run_id)
        headers = _headers(bundle)
        if ranges.is_known(request.headers, headers["ETag"]):
            return web.Response(status=304, headers=headers)
        # There are ranges for GET alone: a HEAD tells of the whole.
        wanted = request.headers if request.method == "GET" else {}
        part = ranges.asked(wanted, size=bundle.size, etag=headers["ETag"])
        if part.is_part:
            last = part.end - 1
            headers["Content-Range"] = f"bytes {part.start}-{last}/{bundle.size}"
        else:
            headers["Content-Digest"] = headers["Repr-Digest"]
        name = f'attachment; filename="{bundle.name}"'
        response = web.StreamResponse(
            status=206 if part.is_part else 200,
            headers={**headers, "Content-Disposition": name},
        )
        response.content_type = GZIP
        response.content_length = part.end - part.start
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        await self._record(bundle, token, part)
        return await self._sent(request, response, bundle, part)

    async def _sent(
        self,
        request: web.Request,
        response: web.StreamResponse,
        bundle: Bundle,
        part: ranges.Asked,
    ) -> web.StreamResponse:
        """Send bytes; past every status, what goes wrong cuts the connection."""
        await response.prepare(request)
        try:
            async for data in self._rca.parts(bundle, part.start, part.end):
                for begin in range(0, len(data), CHUNK):
                    async with asyncio.timeout(SLOWEST):
                        await response.write(data[begin : begin + CHUNK])
            async with asyncio.timeout(SLOWEST):
                await response.write_eof()
        except ConnectionError:
            log.debug("bundle.gone", run_id=bundle.run_id)
        except (NofxError, TimeoutError) as error:
            reason = str(error) or "the client takes too long"
            log.warning("bundle.broken", run_id=bundle.run_id, reason=reason)
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _report(
        self, request: web.Request, token: Token, run_id: str
    ) -> web.StreamResponse:
        bundle = await self._wanted(request, run_id)
        etag = _etag(bundle, "report")
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if ranges.is_known(request.headers, etag):
            return web.Response(status=304, headers=headers)
        text = await report_in(self._rca, bundle, TEXT)
        if request.method != "HEAD":
            whole = ranges.Asked(start=0, end=len(text), is_part=True)
            await self._record(bundle, token, whole)
        return web.Response(
            body=text,
            content_type=MEDIA_TYPE,
            charset="utf-8",
            headers={**headers, "X-Content-Type-Options": "nosniff"},
        )

    async def _wanted(self, request: web.Request, run_id: str) -> Bundle:
        query = requests.query_of(request, BundleQuery)
        bundle = await self._rca.latest(run_id, seq=query.seq)
        if bundle is None:
            raise BundleNotFoundError(run_id=run_id)
        return bundle

    async def _record(self, bundle: Bundle, token: Token, part: ranges.Asked) -> None:
        """Write down who reads it, before its first byte is sent."""
        await self._base.audit.record(
            AuditRecorded(
                actor=_actor(token),
                action="bundle.download",
                subject=bundle.run_id,
                repository=bundle.repository,
                pull=bundle.pull,
                facts={
                    "seq": bundle.seq,
                    "start": part.start,
                    "bytes": part.end - part.start,
                    "sha256": bundle.sha256,
                },
            )
        )


def _actor(token: Token) -> str:
    return f"token:{token.prefix}"


def _etag(bundle: Bundle, of: str = "") -> str:
    return f'"{of}{bundle.sha256}"'


def _headers(bundle: Bundle) -> dict[str, str]:
    """Return what is said of a bundle whatever is sent of it.

    Source of the digest's form: RFC 9530, section 2.
    """
    encoded = base64.b64encode(bytes.fromhex(bundle.sha256)).decode()
    return {
        "ETag": _etag(bundle),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Repr-Digest": f"sha-256=:{encoded}:",
        "X-Checksum-Sha256": bundle.sha256,
    }
