"""The causes that hold when no rule knows the error by name."""

from collections.abc import Iterator
from itertools import pairwise

from core.events import schema
from core.rca.cause import NOTHING_FAILED, Cause, Confidence, Evidence
from core.rca.causes.blame import again, shown_of, weight
from core.rca.causes.faults import first, shown, worst
from core.rca.event_words import words_of
from core.rca.story import Story, Told
from core.rca.words import lasting, said, sentence, times
from core.runs.states import Status


def first_error(story: Story) -> Iterator[Cause]:
    """Find the earliest error that mattered: its step, code and place.

    Certain when it failed its step, likely when the step was not done after it,
    possible when it was. Without any error, the reason with which the run failed or
    was given up is told, as likely.
    """
    found = first(story)
    if not found:
        yield from _reason_of_the_end(story)
        return
    main = worst(found)
    place = f" at {main.failure.place}" if main.failure.place else ""
    code = f" ({said(main.code, 60)})" if main.code else ""
    often = f" It was met {times(len(found))}." if len(found) > 1 else ""
    yield Cause(
        name="first_error",
        sentence=sentence(
            f"The first error was {main.where}{place}{code}: {said(main.words, 300)}"
        )
        + often,
        confidence=weight(story, main),
        next_action=(
            f"Look at {f'`{main.failure.place}` and ' if place else ''}the lines of "
            f"`nofx runs logs {story.run.id}` before it, then "
            f"{again(story, main.step)}."
        ),
        evidence=shown_of(story, found, main),
        began_at=found[0].told.time,
    )


def _reason_of_the_end(story: Story) -> Iterator[Cause]:
    if story.run.status not in {Status.FAILED, Status.DEAD}:
        return
    for told in reversed(story.told):
        event = told.event
        if isinstance(event, schema.RunStateChanged) and event.to == story.run.status:
            if event.reason:
                yield Cause(
                    name="first_error",
                    sentence=sentence(
                        f"No step failed; the run became {event.to}, and "
                        f"{said(event.actor, 60)} said: {said(event.reason, 300)}"
                    ),
                    confidence=Confidence.LIKELY,
                    next_action=f"When that reason is gone: {again(story)}.",
                    evidence=(shown(told, f"the run became {event.to}"),),
                    began_at=told.time,
                )
            return


def nothing_failed(story: Story) -> Cause:
    """Say of a run that succeeded without a warning that there is no cause to find.

    Its check may yet be other than green, for something was not reviewed.
    """
    check, why = said(story.run.conclusion or "success", 40), said(story.run.outcome)
    green = check == "success"
    return Cause(
        name=NOTHING_FAILED,
        sentence="Nothing failed, was tried again or was left out in this run."
        if green
        else sentence(f"Nothing failed in this run, and its check says {check}: {why}"),
        confidence=Confidence.CERTAIN,
        next_action="Nothing is to be done."
        if green
        else "Look at what the check run lists as not reviewed.",
        evidence=_last(story),
        began_at=story.run.created_at,
    )


def unknown(story: Story) -> Cause:
    """Say that no rule found a cause, and what to look at: never certain."""
    step = _last_step(story)
    line = story.log[-1] if story.log else None
    gap = _longest_silence(story)
    looks = [
        f"step {step}, the last one that was begun" if step else "",
        f"line {line.number} of logs/merged.ndjson ({said(line.event, 80)})"
        if line
        else "",
        f"the {lasting(gap[1].time - gap[0].time)} of silence after "
        f"{gap[0].event.type} ({gap[0].id})"
        if gap
        else "",
    ]
    evidence = [*_last(story)]
    if gap:
        evidence.append(shown(gap[0], "the longest silence begins behind this"))
    if line:
        words = f"the last line that warns: {said(line.event)}"
        evidence.append(Evidence(words=words, line=line.number, place=line.place))
    look = "; ".join(filter(None, looks)) or f"`nofx runs show {story.run.id}`"
    return Cause(
        name="unknown",
        sentence=(
            f"No known cause fits this run, which is {story.run.status}."
            if story.run.terminal
            else f"The run is {story.run.status}, and nothing went wrong so far."
        ),
        confidence=Confidence.POSSIBLE,
        next_action=f"Look at {look}.",
        evidence=tuple(evidence),
        began_at=story.run.created_at,
    )


def _last(story: Story) -> tuple[Evidence, ...]:
    return tuple(
        shown(told, f"the last entry: {words_of(told.event)}")
        for told in story.told[-1:]
    )


def _last_step(story: Story) -> str:
    begun = [
        told.event.subject
        for told in story.told
        if isinstance(told.event, schema.StepStarted)
    ]
    return said(begun[-1], 60) if begun else ""


def _longest_silence(story: Story) -> tuple[Told, Told] | None:
    """Return the two neighbours with most time between them, if any time is."""
    pairs = list(pairwise(story.told))
    longest = max(pairs, key=lambda two: two[1].time - two[0].time, default=None)
    if longest is None or longest[1].time <= longest[0].time:
        return None
    return longest
