"""The road of questions to one service: counted, bounded, and with our key alone.

The libraries above it are given no key. Whatever they put into a request, from the
environment or elsewhere, stays here: a short list of headers goes on, and ours.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import httpx2
from typing_extensions import override

PASSED = frozenset(
    {
        "accept",
        "accept-encoding",
        "anthropic-beta",
        "anthropic-version",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    }
)
LARGEST_ANSWER = 16_000_000
CONNECT_SECONDS = 10.0


@cache
def _certificates() -> ssl.SSLContext:
    """Return the system's authorities, read once: that takes 20 ms."""
    return ssl.create_default_context()


@dataclass
class Traffic:
    """How many bytes of questions went out, and of answers came in."""

    sent: int = 0
    received: int = 0


@dataclass
class OwnRoad(httpx2.AsyncBaseTransport):
    """Speaks to the service at `url` alone, with `headers` that prove who we are."""

    url: httpx2.URL
    headers: Mapping[str, str]
    traffic: Traffic
    inner: httpx2.AsyncBaseTransport = field(
        default_factory=lambda: httpx2.AsyncHTTPTransport(
            verify=_certificates(), trust_env=False
        )
    )

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if _origin(request.url) != _origin(self.url):
            raise httpx2.UnsupportedProtocol("the question was to go somewhere else")
        body = await request.aread()
        self.traffic.sent += len(body)
        passed = {
            name: value for name, value in request.headers.items() if name in PASSED
        }
        ours = httpx2.Request(
            request.method,
            request.url,
            headers={**passed, **self.headers},
            content=body,
            extensions=request.extensions,
        )
        answer = await self.inner.handle_async_request(ours)
        try:
            raw = await self._whole(answer)
        finally:
            await answer.aclose()
        return httpx2.Response(
            answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(raw)
        )

    @override
    async def aclose(self) -> None:
        await self.inner.aclose()

    async def _whole(self, answer: httpx2.Response) -> bytes:
        raw = bytearray()
        async for part in answer.aiter_raw():
            raw += part
            self.traffic.received += len(part)
            if len(raw) > LARGEST_ANSWER:
                raise httpx2.ReadError("the answer is larger than any that is read")
        return bytes(raw)


def client(road: OwnRoad, *, seconds: float) -> httpx2.AsyncClient:
    """Return a client for this road that follows nobody elsewhere."""
    return httpx2.AsyncClient(
        transport=road,
        timeout=httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
        trust_env=False,
        follow_redirects=False,
    )


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
