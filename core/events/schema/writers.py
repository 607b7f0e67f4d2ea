"""What happens to the writers of the journal themselves."""

from typing import Literal

from core.events.base import Payload


class WriterRetired(Payload):
    """A process's log in the journal ends here.

    `closed` by itself, or ended by the feeder after it was `silent` for long.
    """

    type: Literal["writer.retired"] = "writer.retired"
    writer: str
    reason: Literal["closed", "silent"]
