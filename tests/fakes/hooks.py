"""Posts webhooks the way GitHub does: signed, with a GUID, over real HTTP."""

import hmac
import json
from collections.abc import Mapping
from io import BytesIO
from itertools import count

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

SECRET = b"a webhook secret"
Client = TestClient[Request, Application]


class HookSender:
    """GitHub's side of a webhook; every delivery gets a GUID of its own."""

    def __init__(self, client: Client, *, secret: bytes = SECRET) -> None:
        self.client = client
        self._secret = secret
        self._numbers = count(1)

    async def post(
        self,
        event: str = "pull_request",
        payload: object = None,
        *,
        body: bytes | None = None,
        guid: str | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> ClientResponse:
        """Send a payload, or a raw body; a header given as None is left out."""
        if body is None:
            content = {"action": "opened"} if payload is None else payload
            body = json.dumps(content).encode()
        all_headers: dict[str, str | None] = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": guid or f"guid-{next(self._numbers)}",
            "X-Hub-Signature-256": f"sha256={self.sign(body)}",
            **(headers or {}),
        }
        sent = {name: value for name, value in all_headers.items() if value is not None}
        return await self.client.post(
            "/webhooks/github", data=BytesIO(body), headers=sent
        )

    def sign(self, body: bytes) -> str:
        """Return the signature of a body in hex."""
        return hmac.digest(self._secret, body, "sha256").hex()
