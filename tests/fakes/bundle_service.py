"""A service that hands out one bundle, as badly as it is told to."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import Result

from tests.fakes.bundles import NAME, RUN, SMALL, bundle, sha256
from tests.fakes.cli import nofx

# What no packer makes smaller, so that there is something to cut.
TIGHT = b"".join(hashlib.sha256(bytes([at])).digest() for at in range(250))
HONEST = bundle({**SMALL, "logs/tight.bin": TIGHT})
ETAG = f'"{sha256(HONEST)}"'


class Service:
    """A service that hands out one bundle, as badly as it is told to."""

    def __init__(self) -> None:
        self.data = HONEST
        self.told = HONEST
        self.breaks: list[int] = []
        self.busy = 0
        self.refusal: web.Response | None = None
        self.ranges: list[str] = []
        self.tokens: set[str] = set()
        self.takes_ranges = True

    async def make(self, request: web.Request) -> web.Response:
        """Answer POST: made, being made, or refused."""
        self.tokens.add(request.headers["Authorization"])
        if self.refusal is not None:
            return self.refusal
        if self.busy:
            self.busy -= 1
            return web.json_response(
                {"state": "building"}, status=202, headers={"Retry-After": "0"}
            )
        made = {
            "run_id": RUN,
            "seq": 9,
            "name": NAME,
            "size": len(self.told),
            "sha256": sha256(self.told),
            "members": 9,
        }
        return web.json_response(made, status=201, headers={"ETag": ETAG})

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Answer GET, from where it is asked, until it is to break."""
        asked = request.headers.get("Range", "")
        self.ranges.append(asked)
        assert request.query["seq"] == "9"
        start = 0
        if asked and self.takes_ranges and request.headers["If-Range"] == ETAG:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(self.data) - start
        if start:
            last = len(self.data) - 1
            response.headers["Content-Range"] = f"bytes {start}-{last}/{last + 1}"
        await response.prepare(request)
        upto = self.breaks.pop(0) if self.breaks else len(self.data)
        await response.write(self.data[start : start + upto])
        if start + upto < len(self.data):
            assert request.transport is not None
            request.transport.close()
        return response


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[str]:
    """Serve on a port of its own; gives the address."""
    app = web.Application()
    app.router.add_post("/runs/{run_id}/rca", service.make)
    app.router.add_get("/runs/{run_id}/rca", service.send)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("")).rstrip("/")


async def download(service: Service, *more: str) -> Result:
    """Download from a service, as a process of its own would."""
    async with serving(service) as url:
        arguments = ("rca", "download", RUN, "--url", url, *more)
        return await asyncio.to_thread(nofx, *arguments)


def ended(result: Result, code: int = 0) -> str:
    """Return what a command printed, which ended in a code."""
    assert result.exit_code == code, result.output
    return result.output
