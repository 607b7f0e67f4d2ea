"""A bundle as it comes from the builder, before anybody keeps it."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

FORMAT = "nofx.rca/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A finished bundle in a spool file that is there as long as its context is open.

    `seq` is the run's last entry that it tells of: the run's version. `name` is
    `rca-<run>-<utc>.tar.gz` after the time of that entry. `cause` names the rule of the
    probable cause, `sentence` says it, `next_action` what to do about it. `errors` are
    the collectors that failed.
    """

    path: Path
    name: str
    run_id: str
    repository: str
    pull: int
    seq: int
    as_of: datetime
    size: int
    sha256: str
    members: int
    cause: str
    sentence: str
    confidence: str
    next_action: str = ""
    errors: tuple[str, ...] = ()


class Builder(Protocol):
    """Makes bundles; the same bytes for the same version of a run."""

    def build(self, run_id: str) -> AbstractAsyncContextManager[Built]:
        """Build a bundle of the run as it is now.

        Raises RunNotFoundError, StoreUnavailableError.
        """
        ...
