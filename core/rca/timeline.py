"""A run's events as lines for people."""

from collections.abc import Iterator

from core.events import schema
from core.events.base import Move, Payload
from core.rca.cause import Moment
from core.rca.event_words import words_of
from core.rca.story import Story, Told

# What findings do is told by numbers in the gates, not one by one.
UNTOLD = ("finding.",)
BAD = frozenset({"failed", "dead", "gate_failed", "rejected"})
WARNED = frozenset({"retry_wait", "cancelled", "cancelling", "missing", "demote"})


def timeline(story: Story) -> tuple[Moment, ...]:
    """Return a line for each event that tells how the run went, oldest first."""
    told = sorted(
        (one for one in (*story.told, *story.left) if _is_told(one.event)),
        key=lambda one: one.time,
    )
    return tuple(_moments(told))


def _is_told(event: Payload) -> bool:
    return not event.type.startswith(UNTOLD)


def _moments(every: list[Told]) -> Iterator[Moment]:
    before = every[0].time if every else None
    for told in every:
        since = (told.time - before).total_seconds() if before else 0.0
        yield Moment(
            seq=told.seq,
            event_id=told.id,
            time=told.time,
            after_seconds=round(since, 3),
            words=words_of(told.event),
            weight=weight_of(told.event),
        )
        before = told.time


def weight_of(event: Payload) -> str:
    """Return how much an event matters: `error`, `warning` or `info`."""
    to = event.to if isinstance(event, Move) else ""
    if to in BAD or isinstance(event, schema.EffectFailed):
        return "error"
    lost = (
        isinstance(event, schema.RunStateChanged) and event.transition == "lose_lease"
    )
    killed = isinstance(event, schema.SandboxFinished) and event.killed_by is not None
    if to in WARNED or lost or killed or isinstance(event, schema.WorkerLeft):
        return "warning"
    return "info"
