"""Events as frames of a stream of server-sent events, each encoded once.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html. Lines end in LF
alone and hold ASCII alone; every frame has data, for there are clients that break on
one that has none.
"""

import json
from dataclasses import dataclass

from core.events.base import JSON
from core.feed.envelope import encoded
from core.feed.page import FeedEntry

# After `id:`, a comment with an empty line would make one client see an empty message.
KEEP_ALIVE = b":\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """An event with the bytes that tell of it."""

    entry: FeedEntry
    data: bytes

    @property
    def position(self) -> int:
        """Return its place in the order of all events."""
        return self.entry.position


def frame(entry: FeedEntry) -> Frame:
    """Return an event as a frame without a name, so that it arrives as a message."""
    return Frame(entry, b"id: %d\ndata: %b\n\n" % (entry.position, encoded(entry)))


def control(name: str, data: JSON, *, position: int | None = None) -> bytes:
    """Return a frame about the stream itself; `position` moves the client's cursor."""
    line = json.dumps(data, separators=(",", ":")).encode("ascii")
    place = b"" if position is None else b"id: %d\n" % position
    return b"%bevent: %b\ndata: %b\n\n" % (place, name.encode("ascii"), line)


def retry(seconds: float) -> bytes:
    """Return the line that says how long to wait before connecting again.

    It counts as soon as the line ends. It makes no frame, for one without data would be
    shown as an empty message by some clients.
    """
    return b"retry: %d\n" % round(seconds * 1000)
