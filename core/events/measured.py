"""From events to metrics, by a table: each commit of this process is counted once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.events import schema
from core.events.base import Payload
from core.events.bus import Happened
from core.metrics import findings, gates, runs


def measure(commits: Iterable[Happened]) -> None:
    """Count what these commits, durable by now, brought about."""
    for commit in commits:
        for event in commit.events:
            measurement = MEASUREMENTS.get(type(event))
            if measurement is not None:
                measurement(event)


def _moved(event: schema.RunStateChanged) -> None:
    if event.to in runs.ENDS:
        runs.ENDED.inc(status=event.to)


def _verdict(event: schema.GateVerdictRecorded) -> None:
    gates.VERDICTS.inc(gate=event.subject, conclusion=event.conclusion)


def _decision(event: schema.ApprovalRecorded) -> None:
    gates.APPROVALS.inc(gate=event.subject, decision=event.decision)


def _finding(event: schema.FindingMove) -> None:
    fate = event.type.removeprefix("finding.")
    findings.FINDINGS.inc(severity=event.severity, fate=fate)


# A measurement takes the type that its row names, and must not fail.
MEASUREMENTS: Mapping[type[Payload], Callable[[Any], None]] = {
    schema.RunStateChanged: _moved,
    schema.GateVerdictRecorded: _verdict,
    schema.ApprovalRecorded: _decision,
    schema.FindingProposed: _finding,
    schema.FindingVerified: _finding,
    schema.FindingFiltered: _finding,
    schema.FindingAnchored: _finding,
    schema.FindingUnanchored: _finding,
    schema.FindingPosted: _finding,
    schema.FindingDemoted: _finding,
    schema.FindingSummarised: _finding,
    schema.FindingAddressed: _finding,
    schema.FindingDisputed: _finding,
    schema.FindingDismissed: _finding,
    schema.FindingWaived: _finding,
    schema.FindingOutdated: _finding,
}
