"""What a run has behind it at one of its checkpoints: pure, for those who go on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.checkpoints.chain import CheckpointView, checkpoints_of
from core.errors import (
    CheckpointNotFoundError,
    CheckpointRedactedError,
    StepNotReachedError,
)
from core.events import schema
from core.events.base import Payload
from core.events.commit import Commit
from core.runs.evolve import fold
from core.runs.model import Effect, Run

DONE = frozenset({"succeeded", "reused", "skipped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A run up to a checkpoint: its steps that were done, and their effects.

    `gated` are those of the steps that came to a gate.
    """

    run: Run
    checkpoint: CheckpointView
    steps: tuple[str, ...]
    gated: frozenset[str]
    effects: Mapping[str, Effect]


def past(run_id: str, commits: Sequence[Commit], checkpoint_id: str) -> Past:
    """Return what lies behind a checkpoint of this run.

    Raises CheckpointNotFoundError, CheckpointRedactedError.
    """
    found = _find(run_id, commits, checkpoint_id)
    if found.redacted:
        raise CheckpointRedactedError(run_id=run_id, checkpoint_id=checkpoint_id)
    steps: dict[str, str] = {}
    for event in _until(commits, checkpoint_id):
        if isinstance(event, schema.StepMove):
            steps[event.subject] = event.to
    done = tuple(name for name, state in steps.items() if state in DONE)
    before = fold(run_id, (one for one in commits if one.seq <= found.seq))
    return Past(
        run=fold(run_id, commits),
        checkpoint=found,
        steps=done,
        gated=_gated(commits),
        effects={
            key: effect
            for key, effect in before.effects.items()
            if effect.status == "performed" and effect.step in done
        },
    )


def checkpoint_before(
    run_id: str, commits: Sequence[Commit], step: str
) -> CheckpointView:
    """Return the last checkpoint from which a step began; StepNotReachedError."""
    before = [one for one in checkpoints_of(commits) if one.kind == "before"]
    for one in reversed(before):
        if one.step == step:
            return one
    begun = ", ".join(dict.fromkeys(one.step for one in before)) or "none"
    raise StepNotReachedError(run_id=run_id, step=step, begun=begun)


def _find(run_id: str, commits: Sequence[Commit], checkpoint_id: str) -> CheckpointView:
    for one in checkpoints_of(commits):
        if one.checkpoint_id == checkpoint_id:
            return one
    raise CheckpointNotFoundError(run_id=run_id, checkpoint_id=checkpoint_id)


def _until(commits: Iterable[Commit], checkpoint_id: str) -> Iterable[Payload]:
    for commit in commits:
        for event in commit.events:
            yield event
            if (
                isinstance(event, schema.CheckpointCaptured)
                and event.checkpoint_id == checkpoint_id
            ):
                return


def _gated(commits: Iterable[Commit]) -> frozenset[str]:
    """Return the steps in whose commits gates were judged."""
    return frozenset(
        event.subject
        for commit in commits
        if any(isinstance(event, schema.GateMove) for event in commit.events)
        for event in commit.events
        if isinstance(event, schema.StepFinished | schema.StepRetried)
    )
