"""A bundle as it is kept: who builds it, or what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class State(StrEnum):
    """Where a bundle stands; a revoked one is not to be, for a text in it must go."""

    BUILDING = "building"
    BUILT = "built"
    FAILED = "failed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One version of a run, by the sequence number of its last entry.

    `attempt` names the build, and the parts that it stores. Its builder has it until
    `until`; `tries` counts the builders. What the bundle is, is there once it is built;
    `reason` says why it failed.
    """

    id: str
    run_id: str
    repository: str
    pull: int
    seq: int
    state: State
    attempt: str
    holder: str
    tries: int
    begun_at: datetime
    until: datetime
    name: str = ""
    size: int = 0
    sha256: str = ""
    members: int = 0
    cause: str = ""
    sentence: str = ""
    confidence: str = ""
    next_action: str = ""
    errors: tuple[str, ...] = ()
    reason: str = ""
    as_of: datetime | None = None
    built_at: datetime | None = None
    purge_after: datetime | None = None

    @property
    def is_built(self) -> bool:
        """Return whether it can be read."""
        return self.state is State.BUILT

    def is_held(self, now: datetime) -> bool:
        """Return whether somebody may still be writing it."""
        return self.state in {State.BUILDING, State.REVOKED} and self.until > now

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read what the database has of it."""
        fields = {name: value for name, value in document.items() if name != "_id"}
        fields["state"] = State(document["state"])
        fields["errors"] = tuple(document.get("errors", ()))
        return cls(id=document["_id"], **fields)


def id_of(run_id: str, seq: int) -> str:
    """Return the name of a version of a run."""
    return f"{run_id}:{seq}"
