"""A receiver of notifications over real HTTP, and what it was sent."""

import hmac
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.lifetime import listening
from bot.notifying import HttpNotifier

SECRET = "notify-secret-1234567890"  # of tests


@dataclass
class Receiver:
    """Takes what is posted, unless it is told to answer otherwise.

    `answers` are statuses to give first.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    taken: list[tuple[str, Any]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def keys(self) -> Counter[str]:
        """Return how often each key was taken."""
        return Counter(key for key, _ in self.taken)

    def notifier(self, secret: str | None = SECRET) -> HttpNotifier:
        """Return what posts here."""
        return HttpNotifier(self.url, secret)

    async def take(self, request: web.Request) -> web.Response:
        """Take a notification whose signature is right."""
        payload = await request.read()
        made = hmac.new(SECRET.encode(), payload, "sha256").hexdigest()
        key = request.headers["Idempotency-Key"].strip('"')
        self.asked[key] += 1
        if request.headers.get("X-Hub-Signature-256") != f"sha256={made}":
            return web.Response(status=401)
        if self.answers:
            return web.Response(status=self.answers.pop(0), headers={"Location": "/"})
        self.taken.append((key, await request.json()))
        return web.Response(status=200)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Listen for notifications on a port of this machine."""
    receiver, site = Receiver(), web.Application()
    site.router.add_post("/hook", receiver.take)
    async with listening(site, "127.0.0.1", 0) as address:
        receiver.url = f"{address}/hook"
        yield receiver
