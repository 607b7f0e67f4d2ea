"""Lists of runs as values: what is asked for, what a line says, where a page ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.events.schema import CheckpointRef
from core.runs.states import Status
from core.store.positions import Position


def everywhere(_: str) -> bool:
    """Let every repository be seen."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are wanted; None wants any.

    Created at `since` or later, and before `until`; ended by the time `ended_by`.
    `sees` tells which repositories may be shown at all.
    """

    repository: str | None = None
    pull: int | None = None
    status: Status | None = None
    pipeline: str | None = None
    family: str | None = None
    conclusion: str | None = None
    publish: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    ended_by: datetime | None = None
    sees: Callable[[str], bool] = everywhere

    def matches(self, document: Mapping[str, Any]) -> bool:
        """Return whether a run, as the projection keeps it, is wanted."""
        wanted = {
            "repository": self.repository,
            "pull": self.pull,
            "status": self.status,
            "pipeline": self.pipeline,
            "family": self.family,
            "conclusion": self.conclusion,
            "publish": self.publish,
        }
        created = document["created_at"]
        return (
            all(value in (None, document.get(key)) for key, value in wanted.items())
            and (self.since is None or created >= self.since)
            and (self.until is None or created < self.until)
            and (self.ended_by is None or _ended(document, self.ended_by))
            and self.sees(document["repository"])
        )


def _ended(document: Mapping[str, Any], by: datetime) -> bool:
    finished = document.get("finished_at")
    return finished is not None and finished <= by


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
    def position(self) -> Position:
        """Return its place among all runs."""
        return Position(created_at=self.created_at, id=self.id)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some runs, newest first; `next` is where the next page goes on, if any."""

    runs: tuple[RunSummary, ...]
    next: Position | None
