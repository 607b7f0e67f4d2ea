"""Bundles from a service over HTTP, with a token that may operate."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import quote

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import override

from bot.cli.rca.origin import Offered, Origin
from bot.plain import one_line
from core.errors import BundleBusyError, ServiceAwayError, ServiceRefusedError

PIECE = 256 * 1024
MOST_ANSWERED = 1024 * 1024
LONGEST_SHOWN = 300
CONNECT, SILENCE = 10, 60
# A bundle of a run with a gigabyte of logs is made in a minute.
LOOKS = 120
LONGEST_PAUSE = 30.0
BUSY = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/\d{1,15}")
TAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
ADVICE = "Look at NOFX_URL and NOFX_TOKEN; the token needs the scope operate."
Pause = Callable[[float], Awaitable[None]]


class MadeBundle(BaseModel):
    """What the service says of a bundle that is made."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    seq: int = Field(ge=1)
    name: str
    size: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Refusal(BaseModel):
    """What of a problem is told on."""

    detail: str = ""
    hint: str = ""


class HttpOrigin(Origin):
    """Asks with one session; redirections are not followed, for they take the token."""

    def __init__(self, session: ClientSession, url: str, *, pause: Pause) -> None:
        self._session = session
        self._url = url
        self._pause = pause

    @property
    @override
    def address(self) -> str:
        return self._url

    @override
    async def offer(self, run_id: str) -> Offered:
        url = f"{self._url}/runs/{quote(run_id, safe='')}/rca"
        since = ""
        for _ in range(LOOKS):
            async with self._asked("POST", url) as response:
                body = await _body(response, url)
                if response.status != HTTPStatus.ACCEPTED:
                    made = _made(body, url)
                    if made.run_id != run_id:
                        raise ServiceAwayError(url=url, reason="it offers another run")
                    etag = response.headers.get("ETag", "")
                    if not TAG.fullmatch(etag):
                        etag = f'"{made.sha256}"'
                    return Offered(**made.model_dump(), etag=etag)
                since = one_line(response.headers.get("Date", since))
                seconds = _seconds(response.headers.get("Retry-After"))
            await self._pause(seconds)
        raise BundleBusyError(run_id=run_id, since=since)

    @override
    async def read(
        self, offered: Offered, start: int
    ) -> AsyncGenerator[tuple[int, bytes], None]:
        url = f"{self._url}/runs/{quote(offered.run_id, safe='')}/rca?seq={offered.seq}"
        headers = {}
        if start:
            headers = {"Range": f"bytes={start}-", "If-Range": offered.etag}
        async with self._asked("GET", url, headers=headers) as response:
            at = _begins(response, start)
            async for data in response.content.iter_chunked(PIECE):
                yield at, data
                at += len(data)

    @asynccontextmanager
    async def _asked(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[ClientResponse]:
        """Give an answer that is no refusal; raises ServiceAwayError, …RefusedError."""
        try:
            async with self._session.request(
                method, url, headers=headers, allow_redirects=False
            ) as response:
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                    _refuse(response, await _body(response, url), url)
                yield response
        except (ClientError, TimeoutError, OSError) as error:
            reason = one_line(str(error)) or "it fell silent"
            raise ServiceAwayError(url=url, reason=reason) from None


@asynccontextmanager
async def http_origin(
    url: str, token: str, *, pause: Pause = asyncio.sleep
) -> AsyncIterator[HttpOrigin]:
    """Give an origin that is closed afterwards."""
    timeout = ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE)
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession(
        timeout=timeout, headers=headers, auto_decompress=False
    ) as session:
        yield HttpOrigin(session, url, pause=pause)


async def _body(response: ClientResponse, url: str) -> bytes:
    body = await response.content.read(MOST_ANSWERED)
    if not response.content.at_eof():
        rest = await response.content.read(1)
        if rest:
            raise ServiceAwayError(url=url, reason="it does not answer as nofx does")
    return body


def _made(body: bytes, url: str) -> MadeBundle:
    try:
        return MadeBundle.model_validate_json(body)
    except ValidationError:
        reason = "it does not answer as nofx does"
        raise ServiceAwayError(url=url, reason=reason) from None


def _refuse(response: ClientResponse, body: bytes, url: str) -> NoReturn:
    try:
        said = Refusal.model_validate_json(body)
    except ValidationError:
        said = Refusal()
    detail = one_line(said.detail)[:LONGEST_SHOWN] or one_line(
        str(response.reason)[:LONGEST_SHOWN]
    )
    status = response.status
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in BUSY:
        raise ServiceAwayError(url=url, reason=f"{status}: {detail}")
    advice = one_line(said.hint)[:LONGEST_SHOWN] or ADVICE
    raise ServiceRefusedError(url=url, status=status, detail=detail, advice=advice)


def _begins(response: ClientResponse, start: int) -> int:
    """Return where the bytes of an answer belong in the whole.

    A place that was not asked for could be a terabyte away: a file with a hole.
    """
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        return 0
    match = RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != start:
        url = str(response.url)
        raise ServiceAwayError(url=url, reason="it sends a part that was not asked for")
    return start


def _seconds(told: Any) -> float:
    try:
        return min(max(float(told), 0.0), LONGEST_PAUSE)
    except (TypeError, ValueError):
        return 1.0
