"""Places in a list that is ordered by time of creation, as cursors in addresses."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.errors import CursorError

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A place in the order of a list: by time of creation, then by id."""

    created_at: datetime
    id: str

    def cursor(self) -> str:
        """Return the text that stands for it in an address."""
        millis = round(self.created_at.timestamp() * 1000)
        text = json.dumps([millis, self.id], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_in(cursor: str) -> Position:
    """Return the position that a cursor stands for; raises CursorError."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        millis, name = json.loads(base64.b64decode(padded, b"-_", validate=True))
        if type(millis) is not int or not isinstance(name, str):
            raise CursorError(cursor=cursor[:100])
        created = datetime.fromtimestamp(millis // 1000, UTC)
    except (
        *(ValueError, TypeError, OverflowError, OSError, RecursionError),
        binascii.Error,
    ):
        raise CursorError(cursor=cursor[:100]) from None
    return Position(created_at=created + millis % 1000 * MILLISECOND, id=name)
