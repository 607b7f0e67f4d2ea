"""What the service says of itself, worked out when somebody first asks."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web


class Description:
    """A document about the program: the same for as long as the process lives.

    To make one takes a tenth of a second and more, which most processes never need:
    so it is made once it is asked for, in a thread, and kept.
    """

    def __init__(self, made: Callable[[], dict[str, Any]], media_type: str) -> None:
        self._made = made
        self._media_type = media_type
        self._body: bytes | None = None

    async def answer(self, _: web.Request) -> web.Response:
        """Answer with the document."""
        if self._body is None:
            self._body = await asyncio.to_thread(self._encoded)
        return web.Response(body=self._body, content_type=self._media_type)

    def _encoded(self) -> bytes:
        return json.dumps(self._made()).encode()
