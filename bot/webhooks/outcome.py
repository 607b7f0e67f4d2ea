"""How a delivery can end well: it was done, or there was a reason to ignore it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The delivery brought about all that it should."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """The delivery asks nothing of nofx; `reason` is one short clause."""

    reason: str


Outcome = Done | Ignored
