"""From events to metrics, by a table: each commit of this process is counted once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.events import schema
from core.events.base import Payload
from core.events.bus import Happened
from core.metrics import findings, gates, models, runs


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


def _model(event: schema.ModelCalled) -> None:
    model = event.request_model
    models.CALLS.inc(model=model, outcome="ok")
    models.TOKENS.inc(event.input_tokens, model=model, direction="input")
    models.TOKENS.inc(event.output_tokens, model=model, direction="output")
    models.COST.inc(event.cost_usd, model=model)
    models.CALL_SECONDS.observe(event.wall_seconds, model=model)


def _proposed(event: schema.FindingProposed) -> None:
    severity = str(event.finding.get("severity", ""))
    findings.FINDINGS.inc(severity=severity, fate="proposed")


# A measurement takes the type that its row names, and must not fail.
MEASUREMENTS: Mapping[type[Payload], Callable[[Any], None]] = {
    schema.RunStateChanged: _moved,
    schema.GateVerdictRecorded: _verdict,
    schema.ApprovalRecorded: _decision,
    schema.ModelCalled: _model,
    schema.FindingProposed: _proposed,
}
