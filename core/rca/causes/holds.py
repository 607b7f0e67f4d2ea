"""Who held the run from when to when, and how each let go of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.events import schema
from core.rca.story import Story, Told

REAPER = "reaper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One claim of the run; `lost` is the event that took it from a silent worker.

    `notes` are what this worker told when it let go by itself. `released` is when the
    run moved on from it, in whatever way; None while it is held.
    """

    claim: Told
    worker: str
    lost: Told | None = None
    released: datetime | None = None
    notes: tuple[Told, ...] = ()

    @property
    def lease(self) -> timedelta:
        """Return for how long the claim held the run, unless it was extended."""
        event = self.claim.event
        if not isinstance(event, schema.RunStateChanged) or event.due_at is None:
            return timedelta()
        return datetime.fromisoformat(event.due_at) - self.claim.time

    def noted(self, why: str) -> tuple[Told, ...]:
        """Return the notes that give this reason."""
        return tuple(one for one in self.notes if why_left(one) == why)

    def wrote_until(self, story: Story) -> datetime | None:
        """Return when its process last wrote anything anywhere, as far as known."""
        return story.wrote_last.get(self.claim.writer)


def why_left(told: Told) -> str:
    """Return the reason of a worker's note."""
    return told.event.why if isinstance(told.event, schema.WorkerLeft) else ""


def holds(story: Story) -> tuple[Hold, ...]:
    """Return every hold of the run, oldest first, each with its worker's notes."""
    found: list[Hold] = []
    for told in story.told:
        event = told.event
        if not isinstance(event, schema.RunStateChanged):
            continue
        if event.transition == "claim":
            found.append(Hold(claim=told, worker=event.actor))
        elif found and found[-1].released is None:
            lost = event.transition == "lose_lease" and event.actor == REAPER
            found[-1] = replace(
                found[-1], lost=told if lost else None, released=told.time
            )
    return tuple(
        replace(one, notes=_notes(story, one, found[place + 1 :]))
        for place, one in enumerate(found)
    )


def lost(story: Story) -> tuple[Hold, ...]:
    """Return the holds that ended because the worker went silent."""
    return tuple(one for one in holds(story) if one.lost is not None)


def _notes(story: Story, hold: Hold, later: Sequence[Hold]) -> tuple[Told, ...]:
    """Return a worker's notes from its claim to its own next claim of the run."""
    again = [one.claim.time for one in later if one.worker == hold.worker]
    end = again[0] if again else None
    return tuple(
        told
        for told in story.left
        if isinstance(told.event, schema.WorkerLeft)
        and told.event.worker == hold.worker
        and told.time >= hold.claim.time
        and (end is None or told.time < end)
    )
