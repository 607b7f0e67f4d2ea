"""Opens one delivery: whose it is, which event, and that it is JSON; pure."""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qs

from bot.webhooks.clearing import Clearing
from bot.webhooks.delivery import Arrival, arrived
from bot.webhooks.place import place_in
from bot.webhooks.sieve import Sift
from core.errors import (
    DeliveryMalformedError,
    WebhookSecretMissingError,
    WebhookSignatureError,
)

SIGNATURE = re.compile(r"sha256=([0-9a-fA-F]{64})")
GUID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
EVENT = re.compile(r"[a-z0-9_]{1,64}")
MOST_ACTION_CHARS = 100


def usable_secrets(secrets: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the secrets; raises WebhookSecretMissingError if none or an empty one."""
    if not secrets or not all(secrets):
        raise WebhookSecretMissingError
    return tuple(secrets)


def claimed_signature(headers: Mapping[str, str]) -> bytes:
    """Return the SHA-256 signature that the sender claims.

    Raises WebhookSignatureError when it is missing or misshapen; SHA-1 never counts.
    """
    claimed = headers.get("X-Hub-Signature-256")
    if claimed is None:
        raise WebhookSignatureError(reason="it carries no X-Hub-Signature-256 header.")
    match = SIGNATURE.fullmatch(claimed)
    if match is None:
        raise WebhookSignatureError(reason="X-Hub-Signature-256 is not sha256=<hex>.")
    return bytes.fromhex(match[1])


def is_signed(body: bytes, signature: bytes, secrets: Sequence[bytes]) -> bool:
    """Say whether `signature` is the HMAC of `body` under any of the secrets.

    Every secret is tried, so that the time taken does not tell which one it was.
    Source: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    """
    checks = [
        hmac.compare_digest(hmac.digest(secret, body, "sha256"), signature)
        for secret in secrets
    ]
    return any(checks)


def open_envelope(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[bytes],
    sift: Sift | None = None,
    clearing: Clearing | None = None,
) -> Arrival:
    """Check a delivery and pack it for the store; `sift` may say to ignore it.

    What is packed is without the secrets that `clearing` finds.
    `headers` are case-insensitive, as aiohttp gives them; `body` is raw. Raises
    WebhookSignatureError, DeliveryMalformedError or DeliveryTooLargeError.
    """
    if not is_signed(body, claimed_signature(headers), secrets):
        raise WebhookSignatureError(reason="its signature matches none of our secrets.")
    guid = _header(headers, "X-GitHub-Delivery", GUID)
    event = _header(headers, "X-GitHub-Event", EVENT)
    content = _json_bytes(headers.get("Content-Type", ""), body)
    payload = _payload(content)
    if clearing is not None:
        content = clearing.cleared(content, payload)
    arrival = arrived(guid=guid, event=event, action=_action(payload), body=content)
    ignored = None if sift is None else sift(event, payload)
    reason = None if ignored is None else ignored.reason
    return replace(arrival, ignored=reason, place=place_in(payload))


def _header(headers: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str:
    value = headers.get(name)
    if value is None:
        raise DeliveryMalformedError(reason=f"the header {name} is missing.")
    if shape.fullmatch(value) is None:
        raise DeliveryMalformedError(reason=f"the header {name} is not as GitHub's.")
    return value


def _json_bytes(content_type: str, body: bytes) -> bytes:
    """Return the JSON, which a webhook set to the form type carries in `payload`."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return body
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=10)
    except ValueError as error:
        raise DeliveryMalformedError(reason="the form cannot be decoded.") from error
    if "payload" not in fields:
        raise DeliveryMalformedError(reason="the form has no field named payload.")
    return fields["payload"][0].encode()


def _payload(content: bytes) -> dict[str, object]:
    """Return the JSON object; raises DeliveryMalformedError for anything else."""
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DeliveryMalformedError(reason="the body is not JSON.") from error
    if not isinstance(payload, dict):
        raise DeliveryMalformedError(reason="the body is not a JSON object.")
    return payload


def _action(payload: Mapping[str, object]) -> str | None:
    action = payload.get("action")
    if not isinstance(action, str):
        return None
    # A lone surrogate is legal in JSON's escapes and not in the database's strings.
    return action[:MOST_ACTION_CHARS].encode(errors="replace").decode()
