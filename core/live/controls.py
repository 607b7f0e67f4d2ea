"""What the frames of a stream say that are about the stream, not of what happened."""

from collections.abc import Mapping

from pydantic import BaseModel, Field

from core.live.cursor import Reset


class StreamLive(BaseModel):
    """Everything up to `position` has been sent; what follows happens now."""

    position: int


class StreamBookmark(BaseModel):
    """Nothing up to `position` was wanted since the last frame: go on from there."""

    position: int


class StreamReset(BaseModel):
    """What was shown so far must be dropped, for this stream cannot go on from it.

    All that is kept follows, from `oldest` on.
    """

    reason: Reset
    oldest: int = Field(description="the oldest position that is kept")
    head: int = Field(description="the last position when this was sent")


class StreamEnded(BaseModel):
    """The run is over, and everything of it up to `position` has been sent."""

    position: int


# By the frame's `event:`.
CONTROLS: Mapping[str, type[BaseModel]] = {
    "stream.live": StreamLive,
    "stream.bookmark": StreamBookmark,
    "stream.reset": StreamReset,
    "stream.ended": StreamEnded,
}
