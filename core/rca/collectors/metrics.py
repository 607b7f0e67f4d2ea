"""The metrics of nofx as this run alone moved them, made from its own events."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from typing_extensions import override

from core.events import schema
from core.events.base import JSON, Payload
from core.events.commit import Commit
from core.metrics import findings, gates, models, runs, sandbox
from core.metrics.registry import BoundedCounter, BoundedHistogram
from core.rca.collecting import Packer, Source, facts_of
from core.rca.collectors.parts import Part, events_in
from core.rca.collectors.window import Window
from core.runs.states import Status

Sample = tuple[BoundedCounter | BoundedHistogram, float, dict[str, str]]


class MetricsCollector(Part):
    """Writes `metrics/window.prom` and, sample by sample, `metrics/series.ndjson`.

    The service's own metrics are live and tell of all runs; these are of this one, by
    the same names.
    """

    name = "metrics"

    def __init__(self, source: Source, packer: Packer) -> None:
        super().__init__(source, packer)
        self._lines = packer.lines("metrics/series")
        self._window = Window()
        self._due: datetime | None = None

    @override
    async def page(self, commits: Sequence[Commit]) -> None:
        rows: list[JSON] = []
        for name, commit, event in events_in(commits):
            for family, value, labels in self._samples(commit, event):
                self._window.take(family, value, labels)
                told = {"name": family.name, "labels": labels, "value": value}
                rows.append({"id": name, **facts_of(commit), **told})
        await self._lines.add(rows)

    @override
    async def finish(self) -> None:
        await self._lines.close()
        await self.packer.text("metrics/window", self._window.text(), ".prom")

    def _samples(self, commit: Commit, event: Payload) -> Iterator[Sample]:
        match event:
            case schema.RunCreated():
                self._due = commit.time
            case schema.RunStateChanged():
                yield from self._moved(commit, event)
            case schema.StepFinished():
                step = {"step": event.subject}
                yield runs.STEP_SECONDS, event.seconds, step
            case schema.StepRetried(transition="back_off"):
                code = event.failure.code if event.failure else "unknown"
                yield runs.RETRIES, 1, {"error_class": code}
            case _:
                yield from _of_parts(event)

    def _moved(self, commit: Commit, event: schema.RunStateChanged) -> Iterator[Sample]:
        if event.transition == "claim" and self._due is not None:
            waited = (commit.time - self._due).total_seconds()
            yield runs.QUEUE_WAIT, max(0.0, waited), {}
        if event.to == Status.QUEUED:
            due = datetime.fromisoformat(event.due_at) if event.due_at else commit.time
            self._due = due
        if event.to in runs.ENDS:
            seconds = (commit.time - self.source.story.run.created_at).total_seconds()
            yield runs.ENDED, 1, {"status": event.to}
            yield runs.RUN_SECONDS, seconds, {"status": event.to}


def _of_parts(event: Payload) -> Iterator[Sample]:
    match event:
        case schema.ModelCalled(request_model=model):
            yield models.CALLS, 1, {"model": model, "outcome": "ok"}
            for direction in ("input", "output"):
                tokens = float(getattr(event, f"{direction}_tokens"))
                yield models.TOKENS, tokens, {"model": model, "direction": direction}
            yield models.COST, event.cost_usd, {"model": model}
            yield models.CALL_SECONDS, event.wall_seconds, {"model": model}
        case schema.SandboxFinished(program=program):
            peak = float(event.peak_memory_bytes)
            yield sandbox.CPU_SECONDS, event.cpu_seconds, {"program": program}
            yield sandbox.PEAK_MEMORY, peak, {"program": program}
            ended = event.killed_by or ("ok" if event.exit_code == 0 else "failed")
            labels = {"program": program, "isolation": event.isolation, "ended": ended}
            yield sandbox.RUNS, 1, labels
        case schema.GateVerdictRecorded():
            labels = {"gate": event.subject, "conclusion": event.conclusion}
            yield gates.VERDICTS, 1, labels
        case schema.ApprovalRecorded():
            labels = {"gate": event.subject, "decision": event.decision}
            yield gates.APPROVALS, 1, labels
        case schema.FindingMove():
            fate = event.type.removeprefix("finding.")
            yield findings.FINDINGS, 1, {"severity": event.severity, "fate": fate}
        case _:
            pass
