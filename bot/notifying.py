"""Posts alerts to where people are: signed JSON, as Slack's incoming webhooks take it.

Sources: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
for the signature's form, https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
for the key's.
"""

import hmac
import json
from collections.abc import Mapping
from typing import Any

import aiohttp
from typing_extensions import override

from bot.version import running_version
from core.errors import NotificationError
from core.memory.alerts import Notifier

TIMEOUT = 10.0


class HttpNotifier(Notifier):
    """Posts to one address; opens a connection each time, for alerts are rare."""

    def __init__(self, url: str, secret: str | None) -> None:
        self._url = url
        self._secret = secret

    @override
    async def send(self, key: str, body: Mapping[str, Any]) -> None:
        payload = json.dumps(body, ensure_ascii=False).encode()
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    self._url,
                    data=payload,
                    headers=self._headers(key, payload),
                    allow_redirects=False,
                ) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            # Its words may name the address, which is a secret.
            raise NotificationError(reason=type(error).__name__) from None
        if not 200 <= status < 300:  # noqa: PLR2004 # what HTTP calls success
            raise NotificationError(reason=f"the answer was {status}")

    def _headers(self, key: str, payload: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": f'"{key}"',
            "User-Agent": f"nofx/{running_version()}",
        }
        if self._secret is not None:
            digest = hmac.new(self._secret.encode(), payload, "sha256").hexdigest()
            headers["X-Hub-Signature-256"] = f"sha256={digest}"
        return headers
