"""Ends that somebody wanted: superseded, cancelled, given way, paused."""

from collections.abc import Iterator

from core.events import schema
from core.rca.cause import Cause, Confidence
from core.rca.causes.blame import again, ending
from core.rca.causes.faults import chain, shown, worst
from core.rca.causes.gates import NOBODY
from core.rca.causes.holds import REAPER
from core.rca.causes.recognised import recognised
from core.rca.story import Story, Told
from core.rca.words import said
from core.runs.states import Status

# What the step that publishes says when it keeps silent.
STALE = "the head moved while this was reviewed"
GIVES_WAY = frozenset({"run_outdated", "head_moved"})
OVER = frozenset({Status.CANCELLED, Status.CANCELLING})
# Who ends runs without being a person.
NOBODYS = frozenset({REAPER, "nofx", "clock"})


def superseded(story: Story) -> Iterator[Cause]:
    """Find that a newer head, or a newer wish, has taken the run's place.

    Certain when the run was cancelled, possible when it ended in another way.
    """
    told = next(
        (one for one in story.told if isinstance(one.event, schema.RunSuperseded)), None
    )
    by = story.run.superseded_by
    if by is None:
        return
    cancelled = story.run.status in OVER
    yield Cause(
        name="superseded",
        sentence=(
            f"Run {said(by, 60)} took this run's place: a newer commit was pushed, or "
            f"the review was asked for again."
        ),
        confidence=Confidence.CERTAIN if cancelled else Confidence.POSSIBLE,
        next_action=f"Look at the newer run: `nofx runs show {said(by, 60)}`.",
        evidence=(
            *([shown(told, f"superseded by {said(by, 60)}")] if told else []),
            *ending(story),
        ),
        began_at=told.time if told else story.run.created_at,
        explains=frozenset({"first_error", "head_moved"}),
    )


def cancelled_by_person(story: Story) -> Iterator[Cause]:
    """Find that a person cancelled the run: certain when they did."""
    told = next((one for one in story.told if _cancels(story, one)), None)
    if told is None or not isinstance(told.event, schema.RunStateChanged):
        return
    event = told.event
    who = said(event.actor, 60)
    yield Cause(
        name="cancelled_by_person",
        sentence=(f"{who} cancelled the run{_why(event)}."),
        confidence=Confidence.CERTAIN,
        next_action=f"Ask {who}; if it is wanted after all: {again(story)}.",
        evidence=(shown(told, f"{who} cancelled it"), *ending(story)),
        began_at=told.time,
        explains=frozenset({"first_error"}),
    )


def head_moved(story: Story) -> Iterator[Cause]:
    """Find that the pull request moved on while the run read or reviewed it.

    Certain when the run was cancelled for it, a step failed by it or nothing was
    published for it, likely when a step was not done after it, possible when it was.
    """
    told = next((one for one in story.told if _gave_way(one)), None)
    if told is not None:
        reason, began, sure = _gave_way(told), told.time, Confidence.CERTAIN
        evidence = shown(told, said(reason))
    else:
        found = chain(story, lambda fault: fault.code in GIVES_WAY)
        if not found:
            return
        main = worst(found)
        reason, began, evidence = main.words, found[0].told.time, main.evidence
        sure = Confidence.CERTAIN if main.ended else Confidence.LIKELY
        sure = Confidence.POSSIBLE if main.overcome else sure
    yield Cause(
        name="head_moved",
        sentence=(
            f"The pull request moved on while this run reviewed it: "
            f"{said(reason).rstrip('.')}."
        ),
        confidence=sure,
        next_action=(
            f"The push has a run of its own: `nofx runs list --repo "
            f"{story.run.subject.repository} --pull {story.run.subject.pull}`."
        ),
        evidence=(evidence, *ending(story)),
        began_at=began,
        explains=frozenset({"first_error"}),
    )


def paused(story: Story) -> Iterator[Cause]:
    """Find that a person has put the run aside: certain while it is."""
    if story.run.status is not Status.PAUSED:
        return
    for told in reversed(story.told):
        event = told.event
        if isinstance(event, schema.RunStateChanged) and event.transition == "pause":
            who = said(event.actor, 60)
            yield Cause(
                name="paused",
                sentence=f"{who} put the run aside{_why(event)}.",
                confidence=Confidence.CERTAIN,
                next_action=f"`nofx runs resume {story.run.id}` lets it go on.",
                evidence=(shown(told, f"{who} paused it"),),
                began_at=told.time,
            )
            return


def _cancels(story: Story, told: Told) -> bool:
    """Return whether a person did it: no part of nofx, and no newer run."""
    event = told.event
    return (
        isinstance(event, schema.RunStateChanged)
        and event.transition in {"cancel", "request_cancel"}
        and event.actor not in NOBODYS
        and event.actor not in _workers(story)
        and not event.reason.startswith("superseded by ")
        and not event.reason.endswith(NOBODY)
        and not _gives_way(told)
        and story.run.status in OVER
    )


def _why(event: schema.RunStateChanged) -> str:
    return f": {said(event.reason).rstrip('.')}" if event.reason else ""


def _workers(story: Story) -> frozenset[str]:
    return frozenset(
        told.event.actor
        for told in story.told
        if isinstance(told.event, schema.RunStateChanged)
        and told.event.transition == "claim"
    )


def _gave_way(told: Told) -> str:
    """Return the words with which the run gave way to a newer head, if it did."""
    event = told.event
    if isinstance(event, schema.StepFinished) and event.summary == STALE:
        return f"{event.subject} published nothing, for {STALE}"
    if isinstance(event, schema.RunStateChanged) and _gives_way(told):
        return event.reason
    return ""


def _gives_way(told: Told) -> bool:
    event = told.event
    if not isinstance(event, schema.RunStateChanged):
        return False
    known = recognised(event.reason)
    cancels = event.transition in {"cancel", "request_cancel"}
    return cancels and known is not None and known.code in GIVES_WAY
