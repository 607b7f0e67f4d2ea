"""Where a stream of events begins, from what the client says it has already."""

import re
from dataclasses import dataclass
from enum import StrEnum

DIGITS = re.compile(r"[0-9]{1,16}", re.ASCII)


class Reset(StrEnum):
    """Why a client cannot simply go on from where it was."""

    TRIMMED = "trimmed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Start:
    """The position after which a stream begins; `reset` when it is not the one asked.

    After a reset all that is kept follows, so whoever builds its picture anew from it
    misses nothing. Going on from now instead would lose events without a word.
    """

    position: int
    reset: Reset | None = None


def start(asked: str | int | None, head: int) -> Start:
    """Return where to begin: after `asked`, or from now on when nothing was asked.

    What is no position, and one past the head, was never given out by this feed: it is
    of another one, or of this one before it was restored.
    """
    if asked is None:
        return Start(head)
    position = int(asked) if _is_position(asked) else None
    if position is None or position > head:
        return Start(0, Reset.UNKNOWN)
    return Start(position)


def _is_position(asked: str | int) -> bool:
    return DIGITS.fullmatch(str(asked)) is not None
