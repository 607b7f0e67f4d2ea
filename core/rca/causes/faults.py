"""Errors that ended tries of a run, in the order in which they happened."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.events import schema
from core.events.schema import Failure
from core.rca.cause import Evidence
from core.rca.causes.recognised import recognised
from core.rca.story import Story, Told
from core.rca.words import said

UNNAMED = Failure(code="", known=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One error that ended a try; `step` is empty for one outside of every step.

    `ended` says that the step failed for good by it, `overcome` that the step was done
    later all the same. A `note` is what a worker told beside the run's own history.
    """

    told: Told
    step: str
    failure: Failure
    words: str
    ended: bool = False
    overcome: bool = False
    note: bool = False

    @property
    def code(self) -> str:
        """Return the error's code."""
        return self.failure.code

    @property
    def where(self) -> str:
        """Return in which step it happened, for a sentence."""
        return f"in step {said(self.step, 60)}" if self.step else "outside of any step"

    @property
    def evidence(self) -> Evidence:
        """Return the event as what shows it, with the line of code."""
        return shown(self.told, said(self.words), place=self.failure.place)

    def fact(self, name: str, otherwise: str = "") -> str:
        """Return a fact of the error as a short line."""
        found = self.failure.facts.get(name, "")
        return said(found, 200) if found else otherwise

    def moment(self, name: str) -> str:
        """Return a fact that is a moment, which is in UTC, or that it is unknown."""
        found = self.fact(name).removesuffix("+00:00")
        return f"{found} UTC" if found else "some later moment"


def shown(told: Told, words: str, *, place: str = "") -> Evidence:
    """Return an event as what shows something."""
    return Evidence(words=words, event_id=told.id, seq=told.seq, place=place)


def faults(story: Story) -> tuple[Fault, ...]:
    """Return every error that ended a try, oldest first, also what workers noted."""
    over = done(story)
    every = (*story.told, *story.left)
    found = (one for told in every for one in _faults(told, over))
    return tuple(sorted(found, key=_in_order))


def _in_order(fault: Fault) -> tuple[datetime, bool, int]:
    return fault.told.time, fault.note, fault.told.seq


def chain(story: Story, matches: Callable[[Fault], bool]) -> tuple[Fault, ...]:
    """Return the faults of one step that a rule is about, oldest first; () for none.

    Of several steps it is the one that failed for good, else one whose fault was not
    overcome, else the first.
    """
    found = [one for one in faults(story) if matches(one)]
    if not found:
        return ()
    main = worst(found)
    return tuple(one for one in found if one.step == main.step)


def worst(found: Sequence[Fault]) -> Fault:
    """Return the fault that weighs most: that ended its step, that was not overcome."""
    ended = [one for one in found if one.ended]
    standing = [one for one in found if not one.overcome]
    return (ended or standing or [*found])[0]


def first(story: Story) -> tuple[Fault, ...]:
    """Return the faults of the earliest error that mattered: same step, same code."""
    every = faults(story)
    if not every:
        return ()
    main = worst(every)
    return tuple(one for one in every if (one.step, one.code) == (main.step, main.code))


def _faults(told: Told, over: Mapping[str, datetime]) -> Iterator[Fault]:
    match told.event:
        case schema.StepFinished(to="failed") as event:
            yield _fault(told, event.subject, event, ended=True)
        case schema.StepRetried(transition="back_off") as event:
            step = event.subject
            yield _fault(told, step, event, overcome=_before(told, step, over))
        case schema.WorkerLeft(why=why) as event if why != "fenced":
            step = event.step
            later = _before(told, step, over)
            yield _fault(told, step, event, overcome=later, note=True)
        case _:
            pass


def _fault(
    told: Told,
    step: str,
    event: schema.StepFinished | schema.StepRetried | schema.WorkerLeft,
    *,
    ended: bool = False,
    overcome: bool = False,
    note: bool = False,
) -> Fault:
    failure = _completed(event.failure, event.error or "")
    return Fault(
        told=told,
        step=step,
        failure=failure,
        words=event.error or failure.code or "an error without words",
        ended=ended,
        overcome=overcome,
        note=note,
    )


def _completed(failure: Failure | None, words: str) -> Failure:
    """Return the failure with what its words tell besides, or alone in old entries."""
    known = recognised(words)
    if failure is None or known is None:
        return failure or known or UNNAMED
    status = known.status if failure.status is None else failure.status
    if status == failure.status and known.facts.keys() <= failure.facts.keys():
        return failure
    facts = {**known.facts, **failure.facts}
    return failure.model_copy(update={"facts": facts, "status": status})


def done(story: Story) -> Mapping[str, datetime]:
    """Return when each step was done; what the story left out counts to its end."""
    over = {one.step: story.as_of for one in story.steps if one.status == "succeeded"}
    for told in story.told:
        if isinstance(told.event, schema.StepFinished) and told.event.to == "succeeded":
            over[told.event.subject] = told.time
    return over


def _before(told: Told, step: str, over: Mapping[str, datetime]) -> bool:
    return step in over and told.time <= over[step]
