"""What stopped the run at a gate: its findings, a person, or nobody."""

from collections import Counter
from collections.abc import Iterator, Mapping

from core.events import schema
from core.events.base import JSON
from core.rca.cause import Cause, Confidence, Evidence
from core.rca.causes.blame import again, ending
from core.rca.causes.faults import shown
from core.rca.story import Story, Told
from core.rca.words import counted, listed, said
from core.review.findings import Severity
from core.runs.gates import in_state
from core.runs.states import STOPPED, Status

NOBODY = "nobody decided"
MOST_FINDINGS = 3


def gate_failed(story: Story) -> Iterator[Cause]:
    """Find the first gate that failed, with the findings that it counted.

    Certain when it stopped the run, and nobody let it pass since; likely when it was
    recorded only, for it does not block; possible when a person waived or retried it.
    """
    told = _first(story, "fail")
    if told is None or not isinstance(told.event, schema.GateVerdictRecorded):
        return
    event = told.event
    stands = event.subject in in_state(story.run.gates, STOPPED)
    stopped = _stopped_by(story, told)
    sure = Confidence.CERTAIN if stopped else Confidence.LIKELY
    name = said(event.subject, 60)
    found, places = _findings(story, told)
    yield Cause(
        name="gate_failed",
        sentence=(
            f"Gate {name} failed ({said(event.conclusion, 40)}): "
            f"{said(event.reason).rstrip('.')}"
            f"{f'; the review found {found}' if found else ''}."
        ),
        confidence=sure if stands else Confidence.POSSIBLE,
        next_action=(
            "Nothing, for it does not hold the run up any more."
            if not stands
            else f"Mend what was found and push, or let it pass with a reason: "
            f'`nofx runs waive {story.run.id} {name} --reason "…"`.'
            if story.run.at_gate
            else f"Mend what was found and push, or look again: {again(story)}."
        ),
        evidence=(shown(told, f"gate {name} failed"), *places, *ending(story)),
        began_at=told.time,
        explains=frozenset({"first_error", "gate_expired"}),
    )


def gate_rejected(story: Story) -> Iterator[Cause]:
    """Find that a person rejected the change at a gate.

    Certain while that stands; possible when it was waived or opened again since.
    """
    told = _first(story, "reject")
    if told is None or not isinstance(told.event, schema.ApprovalRecorded):
        return
    event = told.event
    stands = event.subject in in_state(story.run.gates, STOPPED)
    name, who = said(event.subject, 60), said(event.actor, 60)
    yield Cause(
        name="gate_rejected",
        sentence=(
            f"{who} rejected the change at gate {name}"
            f"{f': {said(event.reason)}' if event.reason else ''}."
        ),
        confidence=Confidence.CERTAIN if stands else Confidence.POSSIBLE,
        next_action=(
            f"Ask {who}; to open the gate again: `nofx runs retry {story.run.id}`, "
            f"to let the change pass: `nofx runs waive {story.run.id} {name} "
            f'--reason "…"`.'
            if story.run.at_gate
            else f"Ask {who}, push what was asked for, or look again: {again(story)}."
        ),
        evidence=(shown(told, f"{who} rejected at gate {name}"), *ending(story)),
        began_at=told.time,
        explains=frozenset({"first_error", "gate_expired"}),
    )


def gate_expired(story: Story) -> Iterator[Cause]:
    """Find that nobody decided at a gate for as long as people are waited for.

    Always certain; a gate that failed before is the cause of it.
    """
    for told in story.told:
        event = told.event
        if (
            isinstance(event, schema.RunStateChanged)
            and event.transition in {"cancel", "abandon"}
            and event.reason.endswith(NOBODY)
        ):
            names = said(event.reason.removesuffix(f": {NOBODY}"), 100)
            yield Cause(
                name="gate_expired",
                sentence=(
                    f"Nobody decided at gate {names} while people were waited for, "
                    f"so the run became {event.to}."
                ),
                confidence=Confidence.CERTAIN,
                next_action=(
                    f"Find who may approve, then {again(story)} and decide with "
                    f"`nofx runs approve` or a comment."
                ),
                evidence=(shown(told, said(event.reason)), *_asked(story)),
                began_at=told.time,
                explains=frozenset({"first_error"}),
            )


def _first(story: Story, transition: str) -> Told | None:
    """Return the first such move of a gate that still stands so, else the first."""
    stopped = in_state(story.run.gates, STOPPED)
    moves = [
        told
        for told in story.told
        if isinstance(told.event, schema.GateMove)
        and told.event.transition == transition
    ]
    standing = [
        told
        for told in moves
        if isinstance(told.event, schema.GateMove) and told.event.subject in stopped
    ]
    return next(iter(standing or moves), None)


def _stopped_by(story: Story, verdict: Told) -> bool:
    """Return whether the entry of a verdict also stopped the run."""
    return any(
        told.seq == verdict.seq
        and isinstance(told.event, schema.RunStateChanged)
        and told.event.to == Status.GATE_FAILED
        for told in story.told
    )


def _asked(story: Story) -> Iterator[Evidence]:
    for told in story.told:
        if isinstance(told.event, schema.ApprovalRequested):
            yield shown(told, f"asked: {said(told.event.reason)}")
            return


def _findings(story: Story, verdict: Told) -> tuple[str, tuple[Evidence, ...]]:
    """Return the findings that stood, counted by severity, and the worst as evidence.

    Those that were put aside do not count, nor those that came later.
    """
    proposed: dict[str, Told] = {}
    for told in story.told:
        event = told.event
        if told.seq > verdict.seq or not isinstance(event, schema.FindingMove):
            continue
        if isinstance(event, schema.FindingProposed):
            proposed[event.subject] = told
        elif event.to == "filtered":
            proposed.pop(event.subject, None)
    worst = sorted(proposed.values(), key=lambda told: (-_rank(told), told.seq))
    counts = Counter(_severity(told) for told in worst)
    words = listed(counted(count, name) for name, count in counts.items())
    shows = tuple(
        shown(told, _finding(told), place=_place(told))
        for told in worst[:MOST_FINDINGS]
    )
    return words, shows


def _data(told: Told) -> Mapping[str, object]:
    data: JSON = (
        told.event.finding if isinstance(told.event, schema.FindingProposed) else {}
    )
    return data


def _severity(told: Told) -> str:
    event = told.event
    own = event.severity if isinstance(event, schema.FindingMove) else ""
    return said(own or str(_data(told).get("severity", "finding")), 20)


def _rank(told: Told) -> int:
    names = [one.value for one in Severity]
    severity = _severity(told)
    return names.index(severity) if severity in names else -1


def _finding(told: Told) -> str:
    title = str(_data(told).get("title", "")) or "a finding"
    return f"{_severity(told)}: {said(title)}"


def _place(told: Told) -> str:
    path, line = _data(told).get("path"), _data(told).get("line")
    return f"{said(str(path), 120)}:{line}" if path and line else ""
