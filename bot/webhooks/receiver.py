"""`POST /webhooks/github`: read, verify, store, answer 202; nothing else."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog
from aiohttp import web

from bot.request_ids import id_of
from bot.webhooks import counted
from bot.webhooks.body import BodyLimits, BodyReader
from bot.webhooks.clearing import Clearing
from bot.webhooks.deliveries import Deliveries
from bot.webhooks.delivery import Arrival
from bot.webhooks.envelope import (
    GUID,
    claimed_signature,
    open_envelope,
    usable_secrets,
)
from bot.webhooks.sieve import Sift
from core.errors import (
    DeliveryMalformedError,
    DeliverySlowError,
    DeliveryTooLargeError,
    NofxError,
    UnavailableError,
    WebhookSignatureError,
)

PATH = "/webhooks/github"
RETRY_AFTER_SECONDS = 10
# Above this many bytes a body is opened in a thread, so that nobody waits for it.
OPENED_AT_ONCE = 256 * 1024
AWAY = 503
STATUS: dict[type[NofxError], int] = {
    WebhookSignatureError: 401,
    DeliveryTooLargeError: 413,
    DeliverySlowError: 408,
    DeliveryMalformedError: 400,
    UnavailableError: AWAY,
}
log = structlog.get_logger()


class Receiver:
    """Takes in deliveries signed with one of `secrets`, the current or an older one.

    What `sift` ignores is stored with its reason, and no inbox will see it; what
    `clearing` finds to be a secret is masked before anything is stored.
    """

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        secrets: Sequence[bytes],
        limits: BodyLimits,
        sift: Sift | None = None,
        clearing: Clearing | None = None,
    ) -> None:
        self._deliveries = deliveries
        self._clearing = clearing
        self._sift = sift
        self._secrets = usable_secrets(secrets)
        self._bodies = BodyReader(limits)

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one POST: 202 once the delivery is stored, or a problem."""
        guid = request.headers.get("X-GitHub-Delivery", "")
        named = {"delivery_id": guid} if GUID.fullmatch(guid) else {}
        with structlog.contextvars.bound_contextvars(**named):
            return await self._receive(request)

    async def _receive(self, request: web.Request) -> web.Response:
        try:
            arrival = await self._open(request)
            new = await self._deliveries.add(arrival)
        except NofxError as error:
            counted.refused(request.headers.get("X-GitHub-Event", ""))
            return _problem(request, error)
        dropped = arrival.ignored is not None
        counted.taken_in(arrival.event, new=new, ignored=dropped)
        said = {"status": _status(arrival, new=new)}
        if arrival.ignored is not None:
            said["reason"] = arrival.ignored
        # Half of what comes is the echo of what nofx itself wrote.
        say = log.debug if dropped else log.info
        say(
            "delivery.received",
            **said,
            github_event=arrival.event,
            action=arrival.action,
        )
        return web.json_response({"delivery": arrival.guid, **said}, status=202)

    async def _open(self, request: web.Request) -> Arrival:
        # Who shows no signature at all is refused before the body is read.
        claimed_signature(request.headers)
        body = await self._bodies.read(request)
        clearing = self._clearing
        opened = partial(
            open_envelope, request.headers, body, self._secrets, self._sift, clearing
        )
        slow = clearing is not None and clearing.takes_long(body)
        if slow or len(body) > OPENED_AT_ONCE:
            return await asyncio.to_thread(opened)
        return opened()


def add_routes(
    app: web.Application,
    *,
    deliveries: Deliveries,
    secrets: Sequence[bytes],
    limits: BodyLimits | None = None,
    sift: Sift | None = None,
    clearing: Clearing | None = None,
) -> None:
    """Serve the webhook on `app`; raises WebhookSecretMissingError without a secret.

    The route reads its own bodies, so the application's `client_max_size` stays as is.
    """
    receiver = Receiver(
        deliveries=deliveries,
        secrets=secrets,
        limits=limits or BodyLimits(),
        sift=sift,
        clearing=clearing,
    )
    app.router.add_post(PATH, receiver.receive)


def _status(arrival: Arrival, *, new: bool) -> str:
    if not new:
        return "duplicate"
    return "accepted" if arrival.ignored is None else "ignored"


def _problem(request: web.Request, error: NofxError) -> web.Response:
    """Say no in the shape of RFC 9457, with our code and a way out."""
    status = next((s for kind, s in STATUS.items() if isinstance(error, kind)), 500)
    log.warning(
        "delivery.refused",
        status=status,
        code=error.code,
        reason=str(error),
    )
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == AWAY else None
    return web.json_response(
        {
            "type": "about:blank",
            "title": type(error).__doc__,
            "status": status,
            "detail": str(error),
            "code": error.code,
            "hint": error.way_out,
            "request_id": id_of(request),
        },
        status=status,
        headers=headers,
        content_type="application/problem+json",
    )
