"""How a rule that knows an error by its code makes a cause of it."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.events import schema
from core.rca.cause import Cause, Confidence, Evidence
from core.rca.causes.faults import Fault, chain, first, shown, worst
from core.rca.story import Story
from core.rca.words import said, times
from core.runs.states import RUN, Status

# No more is shown of one cause; the timeline has the rest.
MOST_SHOWN = 6
# A step's name as pipelines have it; nothing else is put into a command.
A_NAME = re.compile("[a-z][a-z0-9_]*")
NOTHING = "Nothing for this run: a later try got through."


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """What a rule says of the errors that it is about.

    `sentence` and `next_action` are made of the fault that weighs most. `explains` are
    further rules whose findings follow, beside that of the first error.
    """

    name: str
    matches: Callable[[Fault], bool]
    sentence: Callable[[Fault], str]
    next_action: Callable[[Fault], str]
    explains: frozenset[str] = field(default_factory=frozenset)


def blamed(story: Story, blame: Blame) -> Iterator[Cause]:
    """Yield the cause when an error fits: at most one.

    It is certain when the error failed its step, likely when the step was not done
    after it, possible when it was.
    """
    found = chain(story, blame.matches)
    if not found:
        return
    main = worst(found)
    yield Cause(
        name=blame.name,
        sentence=blame.sentence(main) + _again(found, main),
        confidence=weight(story, main),
        next_action=NOTHING if main.overcome else blame.next_action(main),
        evidence=shown_of(story, found, main),
        began_at=found[0].told.time,
        explains=blame.explains | follows(story, found),
    )


def surest(*found: Iterable[Cause]) -> Iterator[Cause]:
    """Yield the surest of the causes that one rule found in several ways, if any."""
    every = [cause for causes in found for cause in causes]
    yield from sorted(every, key=lambda one: -one.confidence.rank)[:1]


def weight(story: Story, fault: Fault) -> Confidence:
    """Return how sure it is that this fault matters to how the run stands."""
    if fault.ended:
        return Confidence.CERTAIN
    if fault.overcome or story.run.status is Status.SUCCEEDED:
        return Confidence.POSSIBLE
    return Confidence.LIKELY


def follows(story: Story, found: Sequence[Fault]) -> frozenset[str]:
    """Return `first_error` when these faults are what that rule would name."""
    named = {one.told.id for one in first(story)}
    ours = any(one.told.id in named for one in found)
    return frozenset({"first_error"}) if ours else frozenset()


def shown_of(story: Story, found: Sequence[Fault], main: Fault) -> tuple[Evidence, ...]:
    """Return the faults as evidence, the main one first, and the end that came of it.

    What the step logged last, and a refused write of it, are named with them.
    """
    others = [one.evidence for one in found if one is not main]
    return (
        main.evidence,
        *others[: MOST_SHOWN - 4],
        *logged(story, main),
        *refused_writes(story, main),
        *ending(story),
    )


def logged(story: Story, fault: Fault) -> Iterator[Evidence]:
    """Yield the last line that the fault's step logged as an error, else a warning."""
    lines = [one for one in story.log if one.step == fault.step]
    errors = [one for one in lines if one.level not in {"warning", "warn"}]
    for one in (errors or lines)[-1:]:
        words = f"logged at attempt {one.attempt}: {said(one.event)}"
        yield Evidence(words=words, line=one.number, place=one.place)


def refused_writes(story: Story, fault: Fault) -> Iterator[Evidence]:
    """Yield the write of a fault's step that GitHub refused, when it says the same."""
    steps = {
        told.event.subject: told.event.step
        for told in story.told
        if isinstance(told.event, schema.EffectIntended)
    }
    refused = [
        shown(told, f"the write {said(event.subject, 60)}: {said(event.error)}")
        for told in story.told
        if isinstance(event := told.event, schema.EffectFailed)
        and steps.get(event.subject, fault.step) == fault.step
        and event.error == fault.words
    ]
    yield from refused[-1:]


def ending(story: Story) -> Iterator[Evidence]:
    """Yield the event by which the run ended or was stopped, if it was."""
    for told in reversed(story.told):
        event = told.event
        if isinstance(event, schema.RunStateChanged) and (
            event.to in RUN.terminal or event.to == Status.GATE_FAILED
        ):
            why = f": {said(event.reason)}" if event.reason else ""
            yield shown(told, f"the run became {event.to}{why}")
            return


def again(story: Story, step: str = "") -> str:
    """Return the command that runs it again, from a step on when one is named."""
    known = step in story.run.steps and A_NAME.fullmatch(step)
    return f"`nofx runs rerun {story.run.id}{f' --from {step}' if known else ''}`"


def _again(found: Sequence[Fault], main: Fault) -> str:
    tries = {one.told.id for one in found}
    if len(tries) == 1:
        return "" if not main.overcome else " A later try got through."
    end = ", and a later try got through" if main.overcome else ""
    return f" It was met {times(len(tries))}{end}."
