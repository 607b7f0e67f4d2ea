"""Where a run's time went: a step that was too slow, a run that waited too long."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from core.events import schema
from core.rca.cause import Cause, Confidence
from core.rca.causes.blame import Blame, again, blamed, ending, surest
from core.rca.causes.faults import Fault, shown
from core.rca.causes.sandbox import program_timed_out
from core.rca.story import Story, Told
from core.rca.words import lasting, said, sentence
from core.runs.states import Status

# The words with which the holder gives up a run whose time is over.
TOO_LATE = re.compile(r"not done \S+ seconds after it was queued")
MOSTLY = 0.5
# Waits that nobody would call long, however short the run.
SHORT = 60.0


def timed_out(story: Story) -> Iterator[Cause]:
    """Find a step, a program in the sandbox or a run that did not end in its time.

    Certain when the step failed or the run was given up by it; a program that was
    killed is weighed as `out_of_memory` does; else likely or possible as every error.
    """
    return surest(
        _step_timed_out(story), _run_timed_out(story), program_timed_out(story)
    )


def _run_timed_out(story: Story) -> Iterator[Cause]:
    end = given_up_late(story)
    if end is not None:
        yield Cause(
            name="timed_out",
            sentence=sentence(
                f"The run was given up, for its time was over: {_reason(end)}"
            ),
            confidence=Confidence.CERTAIN,
            next_action=(
                "Look at the timeline for what took its time; a longer "
                f"NOFX_RUN_SECONDS gives more of it, then {again(story)}."
            ),
            evidence=(shown(end, _reason(end)),),
            began_at=end.time,
            explains=frozenset({"first_error"}),
        )


def _step_timed_out(story: Story) -> Iterator[Cause]:
    def words(fault: Fault) -> str:
        seconds = fault.fact("seconds", "its time")
        return f"Step {said(fault.step, 60)} did not end within {seconds} seconds."

    return blamed(
        story,
        Blame(
            name="timed_out",
            matches=lambda fault: fault.code == "step_timeout",
            sentence=words,
            next_action=lambda fault: (
                f"Look at what the step was doing in `nofx runs logs {story.run.id}`; "
                f"split a change that never fits, else {again(story, fault.step)}."
            ),
        ),
    )


def queue_starved(story: Story) -> Iterator[Cause]:
    """Find that a run waited for a worker for most of the time that it was allowed.

    Certain when its time was over for it, likely while it waits for half of its time
    already, possible when it came to its end all the same.
    """
    waited, since = waiting(story)
    run = story.run
    end = given_up_late(story)
    begun = run.queued_at
    whole = ((run.finished_at or story.as_of) - begun).total_seconds()
    allowed = story.budget.run_seconds if story.budget is not None else whole
    starved = waited >= MOSTLY * allowed and waited > 0
    if not starved or (end is None and waited < SHORT):
        return
    overdue = run.status in {Status.QUEUED, Status.DEAD}
    otherwise = Confidence.LIKELY if overdue else Confidence.POSSIBLE
    yield Cause(
        name="queue_starved",
        sentence=(
            f"The run waited {lasting(waited)} for a worker and was allowed "
            f"{lasting(allowed)} in all: there were too few workers, or none."
        ),
        confidence=Confidence.CERTAIN if end is not None else otherwise,
        next_action=(
            "Start more workers (`nofx work`, NOFX_WORKERS) or raise "
            f"NOFX_RUNS_PER_REPOSITORY and NOFX_RUNS_PER_INSTALLATION; then "
            f"{again(story)}."
            if run.terminal
            else "Start more workers (`nofx work`, NOFX_WORKERS) or raise "
            "NOFX_RUNS_PER_REPOSITORY and NOFX_RUNS_PER_INSTALLATION."
        ),
        evidence=(
            *([shown(since, "queued here, and taken up late")] if since else []),
            *ending(story),
        ),
        began_at=since.time if since else begun,
        explains=frozenset({"timed_out", "first_error"}),
    )


def given_up_late(story: Story) -> Told | None:
    """Return the end of a run that was given up because its time was over."""
    return next(
        (
            told
            for told in story.told
            if isinstance(told.event, schema.RunStateChanged)
            and told.event.transition == "exhaust"
            and TOO_LATE.search(told.event.reason)
        ),
        None,
    )


def waiting(story: Story) -> tuple[float, Told | None]:
    """Return the seconds in the queue, and where the longest wait began.

    It counts from when the run was last queued by its request or by a person.
    """
    total, longest, since = timedelta(), timedelta(), None
    queued: Told | None = None
    for told in (*_moves(story), None):
        if queued is not None:
            until: datetime = told.time if told is not None else story.as_of
            wait = until - max(queued.time, story.run.queued_at)
            if wait > timedelta():
                total += wait
            if wait > longest:
                longest, since = wait, queued
        queued = told if told is not None and _to(told) == Status.QUEUED else None
    return total.total_seconds(), since


def _moves(story: Story) -> list[Told]:
    return [one for one in story.told if isinstance(one.event, schema.RunMove)]


def _to(told: Told) -> str:
    return told.event.to if isinstance(told.event, schema.RunMove) else ""


def _reason(told: Told) -> str:
    event = told.event
    return said(event.reason) if isinstance(event, schema.RunStateChanged) else ""
