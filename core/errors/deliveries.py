"""What a webhook delivery can be refused for."""

from core.errors.families import InputError, NofxError, NotFoundError


class WebhookSecretMissingError(InputError):
    """The webhook route would accept what anybody sends."""

    message = "No webhook secret is configured, or one of them is empty."
    hint = "Set NOFX_WEBHOOK_SECRETS to the secret on the App's settings page."


class WebhookSignatureError(NofxError):
    """A delivery is not signed with one of our secrets: HTTP 401."""

    message = "The delivery was refused: {reason}"
    hint = (
        "Set the same secret at GitHub and in NOFX_WEBHOOK_SECRETS; only the SHA-256 "
        "signature in X-Hub-Signature-256 counts."
    )


class DeliveryTooLargeError(InputError):
    """A delivery's body does not fit: HTTP 413."""

    message = "The delivery's body is larger than {limit} bytes{when}."
    hint = "GitHub sends at most 25 MB; check what stands between GitHub and nofx."


class DeliverySlowError(InputError):
    """A delivery's body did not arrive in time: HTTP 408."""

    message = "The delivery's body did not arrive within {seconds} seconds."
    hint = "Ask GitHub to send it again, and check the network in between."


class DeliveryMalformedError(InputError):
    """A signed delivery is not what GitHub sends: HTTP 400."""

    message = "The delivery cannot be read: {reason}"
    hint = "Compare it with the delivery on the App's settings page, under Advanced."


class DeliveryNotFoundError(NotFoundError):
    """No dead delivery has that GUID."""

    message = "No dead delivery {guid} is stored."
    hint = "Look at the list of dead deliveries; finished ones are kept for 7 days."


class DeliveryCorruptError(NofxError):
    """A stored delivery's body is not what was received."""

    message = "The stored body of delivery {guid} does not match its digest."
    hint = "Ask GitHub for it again (App settings, Advanced), then check the disk."


class HandlerCancelledError(NofxError):
    """The work on a delivery was cancelled from inside."""

    message = "The handler of delivery {guid} cancelled itself."
    hint = "This is a bug in nofx; the delivery is tried again. Please report it."
