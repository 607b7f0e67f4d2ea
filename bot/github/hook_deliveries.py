"""What GitHub could not deliver to the App, and asking it to try again.

GitHub sends a webhook once, and keeps a record of it for three days in which it can be
asked to send it again. Source: docs.github.com, "Handling failed webhook deliveries".
"""

from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from bot.github.client import Connection
from bot.github.values import Text, decode

PATH = "/app/hook/deliveries"
# A record of a failure stays when a later attempt succeeded, so those of a long outage
# stand before the ones that are still to be asked for: fifty pages at most.
MOST = 5000
# What GitHub takes for delivered.
GOOD = range(200, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookDelivery:
    """One attempt of GitHub's to deliver; all attempts of a delivery share its GUID.

    `status_code` is 0 where nobody answered.
    """

    id: int
    guid: str
    delivered_at: datetime
    status_code: int
    event: Text = ""

    @property
    def failed(self) -> bool:
        """Return whether GitHub counts it as failed."""
        return self.status_code not in GOOD


async def failed_since(gh: Connection, since: datetime) -> list[HookDelivery]:
    """Return the attempts that failed since then, newest first, 5000 at most."""
    found: list[HookDelivery] = []
    async with aclosing(gh.items(PATH, status="failure")) as listed:
        async for item in listed:
            attempt = decode(HookDelivery, item, PATH)
            if attempt.delivered_at < since or len(found) == MOST:
                break
            # Where GitHub does not know the filter, the good ones come too.
            if attempt.failed:
                found.append(attempt)
    return found


async def ask_again(gh: Connection, attempt: HookDelivery) -> None:
    """Have a delivery sent again, under its GUID."""
    await gh.post(f"{PATH}/{attempt.id}/attempts", {}, repeatable=True)
