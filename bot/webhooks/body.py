"""Reads a request's body with a bound, however its length is announced."""

import asyncio
from dataclasses import dataclass

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from core.errors import DeliveryMalformedError, DeliverySlowError, DeliveryTooLargeError


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How much is read: bytes in all, seconds, and who may be large at one time.

    Nobody has shown a signature yet while a body is read, so past `small_bytes` only
    `large_at_once` requests go on and the others wait: memory stays bounded.
    """

    most_bytes: int = 25 * 1024 * 1024
    seconds: float = 30.0
    small_bytes: int = 1024 * 1024
    large_at_once: int = 4


class BodyReader:
    """Reads bodies within `limits`, which all requests to one route share."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._large = asyncio.Semaphore(limits.large_at_once)

    async def read(self, request: web.Request) -> bytes:
        """Return the raw body.

        Raises DeliveryTooLargeError, DeliverySlowError, or DeliveryMalformedError when
        the transfer itself is broken.
        """
        most = self._limits.most_bytes
        if (request.content_length or 0) > most:
            raise DeliveryTooLargeError(limit=most, when="")
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._within_bounds(request)
        except TimeoutError as error:
            raise DeliverySlowError(seconds=self._limits.seconds) from error
        except RequestPayloadError as error:
            raise DeliveryMalformedError(reason="the transfer is broken.") from error

    async def _within_bounds(self, request: web.Request) -> bytes:
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > self._limits.small_bytes:
                async with self._large:
                    return await self._rest(request, body)
        return bytes(body)

    async def _rest(self, request: web.Request, body: bytearray) -> bytes:
        while len(body) <= self._limits.most_bytes:
            chunk = await request.content.readany()
            if not chunk:
                return bytes(body)
            body += chunk
        raise DeliveryTooLargeError(limit=self._limits.most_bytes, when="")
