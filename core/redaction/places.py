"""The port behind which everything stands that a redaction must reach."""

from dataclasses import dataclass
from typing import Protocol

from core.redaction.needles import Needles


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One redaction, as the places that hold copies are told of it.

    `needles` is what must go. `repository` and `pull` bound where it can have gone to;
    without a pull it is all of the repository. Asked again it changes nothing more.
    """

    redaction_id: str
    session_id: str
    repository: str | None
    pull: int | None
    needles: Needles
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What a place did: how many things it changed, and why it must be asked again.

    `left` is empty when nothing can stand there any more that nofx could take away.
    `note` tells what people should know of it, such as copies that are theirs.
    """

    changed: int = 0
    left: str = ""
    note: str = ""


class Derived(Protocol):
    """A kind of place to which remembered text may have been copied."""

    @property
    def name(self) -> str:
        """Return what it is, such as `runs`."""
        ...

    async def redact(self, order: Order) -> Reached:
        """Cut the needles out of everything there; raises UnavailableError."""
        ...
