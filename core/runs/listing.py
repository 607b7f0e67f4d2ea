"""Lists of runs as values: what is asked for, what a line says, where a page ends."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import CursorError
from core.events.schema import CheckpointRef
from core.runs.states import Status

MILLISECOND = timedelta(milliseconds=1)


def everywhere(_: str) -> bool:
    """Let every repository be seen."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are wanted; None wants any.

    Created at `since` or later, and before `until`. `sees` tells which repositories
    may be shown at all.
    """

    repository: str | None = None
    pull: int | None = None
    status: Status | None = None
    pipeline: str | None = None
    family: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sees: Callable[[str], bool] = everywhere

    def matches(self, document: Mapping[str, Any]) -> bool:
        """Return whether a run, as the projection keeps it, is wanted."""
        wanted = {
            "repository": self.repository,
            "pull": self.pull,
            "status": self.status,
            "pipeline": self.pipeline,
            "family": self.family,
        }
        created = document["created_at"]
        return (
            all(value in (None, document.get(key)) for key, value in wanted.items())
            and (self.since is None or created >= self.since)
            and (self.until is None or created < self.until)
            and self.sees(document["repository"])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One line of a list of runs; times are UTC."""

    id: str
    repository: str
    pull: int
    head_sha: str
    pipeline: str
    status: Status
    reason: str
    requested_by: str
    created_at: datetime
    finished_at: datetime | None = None
    conclusion: str | None = None
    outcome: str = ""
    superseded_by: str | None = None
    family: str
    origin: str = "request"
    publish: bool = True
    parents: tuple[CheckpointRef, ...] = ()

    @property
    def position(self) -> "Position":
        """Return its place among all runs."""
        return Position(created_at=self.created_at, run_id=self.id)


SUMMARY_FIELDS = tuple(RunSummary.__dataclass_fields__)


def summary_of(document: Mapping[str, Any]) -> RunSummary:
    """Return the line that a run's document amounts to."""
    values = {name: document[name] for name in SUMMARY_FIELDS if name in document}
    values |= {
        "id": document["_id"],
        "status": Status(document["status"]),
        "parents": tuple(CheckpointRef(**one) for one in document.get("parents", ())),
    }
    return RunSummary(**values)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A place in the order of all runs: by time of creation, then by id."""

    created_at: datetime
    run_id: str

    def cursor(self) -> str:
        """Return the text that stands for it in an address."""
        millis = round(self.created_at.timestamp() * 1000)
        text = json.dumps([millis, self.run_id], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_in(cursor: str) -> Position:
    """Return the position that a cursor stands for; raises CursorError."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        millis, run_id = json.loads(base64.b64decode(padded, b"-_", validate=True))
        if type(millis) is not int or not isinstance(run_id, str):
            raise CursorError(cursor=cursor[:100])
        created = datetime.fromtimestamp(millis // 1000, UTC)
    except (
        *(ValueError, TypeError, OverflowError, OSError, RecursionError),
        binascii.Error,
    ):
        raise CursorError(cursor=cursor[:100]) from None
    return Position(created_at=created + millis % 1000 * MILLISECOND, run_id=run_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some runs, newest first; `next` is where the next page goes on, if any."""

    runs: tuple[RunSummary, ...]
    next: Position | None
