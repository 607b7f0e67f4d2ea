"""Where an entry of the audit stands: volume, commit in it, and entry of that."""

import re
from dataclasses import dataclass
from typing import Self

from typing_extensions import override

from core.errors import AuditHeadError
from core.events.commit import GENESIS

VOLUME = 1000
# So many entries go into one commit at most: a cursor must have room for them.
MOST = 100
FORM = re.compile(r"(\d{6,9}):(\d{1,4}):([0-9a-f]{64})")
LONGEST = 100


def stream_of(volume: int) -> str:
    """Return the journal's stream of a volume, from 1."""
    return f"audit/{volume:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A place in the chain and the hash that covers everything up to it.

    Its text is what is kept elsewhere: `volume:seq:hash`. `seq` is 0 before the first.
    """

    volume: int
    seq: int
    hash: str

    @override
    def __str__(self) -> str:
        return f"{self.volume:06d}:{self.seq}:{self.hash}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Read what was printed; raises AuditHeadError."""
        found = FORM.fullmatch(text.strip())
        if found is None:
            raise AuditHeadError(text=text[:LONGEST])
        return cls(volume=int(found[1]), seq=int(found[2]), hash=found[3])

    @property
    def is_full(self) -> bool:
        """Return whether its volume takes no more."""
        return self.seq >= VOLUME


BEGINNING = Head(volume=1, seq=0, hash=GENESIS)


def position(volume: int, seq: int, index: int) -> int:
    """Return an entry's place as the number that is a cursor."""
    return ((volume - 1) * VOLUME + seq - 1) * MOST + index + 1


def volume_at(place: int) -> int:
    """Return the volume in which a cursor's number lies."""
    return max(place - 1, 0) // (VOLUME * MOST) + 1
