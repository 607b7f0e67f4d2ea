"""What the pipeline asks of the world around it: where a change is, where to say it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.pipeline.ruling import Ruling
from core.events.base import JSON
from core.review.config_reading import ReadConfig
from core.review.report import ReviewReport
from core.review.verify import Judged
from core.runs.effects import Effects
from core.runs.model import Approval, Run
from core.runs.pipeline import Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A change in words; title and description are untrusted.

    `fork` is False only where the head is certain to be in the repository itself.
    """

    title: str
    description: str
    author: str
    base_sha: str
    head_sha: str
    fork: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A change's diff, and the reasons for what it leaves out, by path ('' for all)."""

    data: bytes
    missing: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """Where one run's change is read from."""

    async def describe(self) -> Described:
        """Return the change in words; raises RunOutdatedError when it has moved on."""
        ...

    async def diff(self, described: Described) -> Shown:
        """Return what the head changed since it left the base."""
        ...

    async def files(
        self, described: Described, paths: Sequence[str]
    ) -> Mapping[str, bytes | None]:
        """Return files at the head; None where one is absent or too large to read."""
        ...

    async def config(self, described: Described) -> ReadConfig:
        """Return what the base commit says of reviews, never what the head says."""
        ...


class Sources(Protocol):
    """Gives each run the source that its subject names."""

    async def of(self, run: Run) -> Source:
        """Return the source of a run's change."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What stands at GitHub after publishing, by fingerprint.

    `comments` maps to comment ids, `summarised` to the reason why the finding stands
    in the summary alone. `words` is one sentence for the log. `stale` says that nothing
    was shown, for the head had moved.
    """

    comments: Mapping[str, int] = field(default_factory=dict)
    summarised: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    stale: bool = False


class Desk(Protocol):
    """Where a run says what it found; every call may be repeated after a crash."""

    async def announce(self, run: Run, effects: Effects) -> None:
        """Show that the run waits."""
        ...

    async def progress(self, run: Run, effects: Effects, step: str) -> None:
        """Show that the run is at a step."""
        ...

    async def publish(
        self,
        run: Run,
        effects: Effects,
        report: ReviewReport,
        judged: tuple[Judged, ...],
        since: str,
        most: int,
    ) -> Posted:
        """Show the findings on their lines, at most `most` new ones, and the summary.

        `since` says what changed since the last review, empty when nobody knows.
        """
        ...

    async def conclude(
        self,
        run: Run,
        effects: Effects,
        report: ReviewReport,
        posted: Posted,
        ruling: Ruling,
    ) -> JSON:
        """Show the ruling; a later one takes an earlier one's place."""
        ...

    async def reject(self, run: Run, effects: Effects, approval: Approval) -> None:
        """Show that a person stopped the run at a gate."""
        ...

    async def close(self, run: Run, effects: Effects, ending: Ending) -> None:
        """Show that the run ends without a review, and why."""
        ...


DeskFor = Callable[[Run], Desk]
