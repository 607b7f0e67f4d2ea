"""Signs and sends webhooks, and remembers each delivery."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Coroutine

import aiohttp

from bot.simulator.answers import Json
from bot.simulator.records import App, Delivery, Repository
from bot.simulator.shapes.basics import node_id, user
from bot.simulator.shapes.repositories import repository
from bot.simulator.world import World
from core.errors import SimulatorClosedError

PATIENCE = aiohttp.ClientTimeout(total=10)
UNASKED = frozenset(("installation", "installation_repositories", "ping"))


class Webhooks:
    """The sender; `start` before use, `close` at the end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[object]] = set()

    def start(self) -> None:
        """Open the client."""
        self._session = aiohttp.ClientSession(timeout=PATIENCE)

    async def close(self) -> None:
        """Stop what is under way and close the client."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def settled(self) -> None:
        """Wait until every webhook sent in the background was answered."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    async def about(
        self,
        record: Repository,
        event: str,
        payload: Json,
        sender: str,
        *,
        only: App | None = None,
    ) -> None:
        """Send an event of a repository to each App installed on it, and wait."""
        for installation in list(self._world.installations.values()):
            app = installation.app
            covered = record.full_name in installation.repositories
            if not covered or (only is not None and only is not app):
                continue
            whole = {
                **payload,
                "repository": repository(self._world, record),
                "sender": user(self._world, sender),
                "installation": {
                    "id": installation.id,
                    "node_id": node_id("I", installation.id),
                },
            }
            await self.send(app, event, whole)

    def later(self, record: Repository, event: str, payload: Json, sender: str) -> None:
        """Send an event of a repository in the background, as an API call causes it."""
        self._start(self.about(record, event, payload, sender))

    def again(self, one: Delivery) -> None:
        """Repeat a delivery in the background, under the same GUID."""
        self._start(
            self.deliver(one.app, one.event, one.payload, one.guid, redelivery=True)
        )

    def _start(self, work: Coroutine[None, None, object]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def send(self, app: App, event: str, payload: Json) -> Delivery | None:
        """Send one event to an App that listens for it."""
        if event not in app.events and event not in UNASKED:
            return None
        return await self.deliver(app, event, payload, self._world.new_guid())

    async def deliver(
        self,
        app: App,
        event: str,
        payload: Json,
        guid: str,
        *,
        redelivery: bool = False,
    ) -> Delivery | None:
        """Post one delivery and remember how it went; None without an address."""
        if app.webhook_url is None:
            return None
        if self._session is None:
            raise SimulatorClosedError(reason="it was not started")
        data = json.dumps(payload, ensure_ascii=False).encode()
        digest = hmac.new(app.webhook_secret.encode(), data, hashlib.sha256)
        headers = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": f"GitHub-Hookshot/{guid[:7]}",
            "X-GitHub-Delivery": guid,
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": str(app.id),
            "X-GitHub-Hook-Installation-Target-ID": str(app.id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-Hub-Signature-256": f"sha256={digest.hexdigest()}",
        }
        began = self._world.clock.monotonic()
        code, said, answered, body = await _post(
            self._session, app.webhook_url, data, headers
        )
        record = Delivery(
            id=self._world.new_id(),
            guid=guid,
            app=app,
            event=event,
            payload=payload,
            delivered_at=self._world.now(),
            redelivery=redelivery,
            duration=self._world.clock.monotonic() - began,
            status_code=code,
            status=said,
            request_headers=headers,
            response_headers=answered,
            response_body=body,
        )
        self._world.deliveries.append(record)
        return record


async def _post(
    session: aiohttp.ClientSession, url: str, data: bytes, headers: dict[str, str]
) -> tuple[int, str, dict[str, str], str]:
    """Return status code, status, headers and body; 0 when nobody answered."""
    try:
        async with session.post(url, data=data, headers=headers) as response:
            body = await response.text()
            said = "OK" if response.ok else (response.reason or "failed")
            return response.status, said, dict(response.headers), body
    except TimeoutError:
        return 0, "timed out", {}, ""
    except aiohttp.ClientError:
        return 0, "failed to connect to host", {}, ""
