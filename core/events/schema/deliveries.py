"""What happens to deliveries of GitHub's: taken in, ignored, given up."""

from typing import Literal

from core.events.base import Payload


class DeliveryReceived(Payload):
    """A delivery is stored and acknowledged; `event` and `action` are GitHub's words.

    `pull` is the number of the pull request that it is about, if it is about one.
    """

    type: Literal["delivery.received"] = "delivery.received"
    event: str
    action: str | None = None
    repository: str | None = None
    pull: int | None = None
    installation_id: int | None = None


class DeliveryIgnored(Payload):
    """A delivery asks nothing of nofx, for this reason."""

    type: Literal["delivery.ignored"] = "delivery.ignored"
    event: str
    action: str | None = None
    repository: str | None = None
    reason: str


class DeliveryDeadLettered(Payload):
    """A delivery was given up after so many attempts; it can be sent again."""

    type: Literal["delivery.dead_lettered"] = "delivery.dead_lettered"
    event: str
    repository: str | None = None
    reason: str
    attempts: int
