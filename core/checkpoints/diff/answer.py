"""A comparison as JSON: what the API answers, and what a bundle holds."""

from typing import Any

from core.checkpoints.diff.comparison import (
    Artifact,
    ArtifactDiff,
    Comparison,
    RunComparison,
    Side,
    StepComparison,
)
from core.checkpoints.diff.model import Change
from core.checkpoints.json_values import ABSENT
from core.events.base import JSON


def comparison_json(one: Comparison) -> JSON:
    """Return a comparison of two checkpoints; what a side has not got has no field."""
    return {
        "before": side_json(one.before),
        "after": side_json(one.after),
        "same": one.same,
        "counts": dict(one.state.counts),
        "operations": [dict(each) for each in one.state.operations],
        "changes": [change_json(each) for each in one.state.changes],
        "artifacts": [artifact_json(each) for each in one.artifacts],
        "notes": list(one.notes),
        "truncated": list(one.truncated),
    }


def runs_json(one: RunComparison) -> JSON:
    """Return a comparison of two runs."""
    return {
        "before": one.before,
        "after": one.after,
        "same": one.same,
        "steps": [step_json(each) for each in one.steps],
        "first": None if one.first is None else comparison_json(one.first),
        "notes": list(one.notes),
    }


def step_json(one: StepComparison) -> JSON:
    """Return how a step compares."""
    return {
        "step": one.step,
        "status": one.status,
        "before": None if one.before is None else side_json(one.before),
        "after": None if one.after is None else side_json(one.after),
        "changes": one.changes,
        "noise": one.noise,
    }


def side_json(one: Side) -> JSON:
    """Return which checkpoint stands on a side."""
    return {
        "run_id": one.run_id,
        "checkpoint_id": one.checkpoint_id,
        "kind": one.kind,
        "step": one.step,
        "seq": one.seq,
        "time": one.time.isoformat(),
        "digest": one.digest,
        "pipeline": one.pipeline,
        "redacted": one.redacted,
    }


def change_json(one: Change) -> JSON:
    """Return one change; null is a value, and what is absent has no field."""
    shown: dict[str, Any] = {"path": one.path, "kind": one.kind}
    if one.before is not ABSENT:
        shown["before"] = one.before
    if one.after is not ABSENT:
        shown["after"] = one.after
    return {
        **shown,
        "from": one.from_,
        "text": one.text,
        "noise": one.noise,
        "redacted": one.redacted,
    }


def artifact_json(one: ArtifactDiff) -> JSON:
    """Return what differs in an artifact."""
    return {
        "name": one.name,
        "path": one.path,
        "form": one.form,
        "before": _named(one.before),
        "after": _named(one.after),
        "text": one.text,
        "counts": dict(one.counts),
        "changes": [change_json(each) for each in one.changes],
        "noise": one.noise,
        "truncated": list(one.truncated),
    }


def _named(one: Artifact | None) -> JSON | None:
    if one is None:
        return None
    return {"digest": one.digest, "size": one.size, "lost": one.lost}
