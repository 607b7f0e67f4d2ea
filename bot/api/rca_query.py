"""What can be asked of bundles."""

from pydantic import Field

from bot.api.endpoint import Incoming

LARGEST_SEQ = 2**31 - 1


class BundleQuery(Incoming):
    """Which version of a run is wanted: its newest bundle unless it is named."""

    seq: int | None = Field(
        default=None,
        ge=1,
        le=LARGEST_SEQ,
        description="the run's last entry that the bundle tells of",
    )
