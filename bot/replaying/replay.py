"""Replays a whole bundle: its moves, its outcome, and every decision in between."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.replaying.compared import compared
from bot.replaying.decisions import Decisions
from bot.replaying.values import Answer, Replay
from core.errors import BrokenChainError
from core.events.commit import Commit
from core.rca.recorded import Recorded
from core.runs.continuity import verify_moves
from core.runs.model import Run


def replay(recorded: Recorded) -> Replay:
    """Decide everything again.

    Raises BundleMemberError, BundleRefusedError for a bundle that tells of no run.
    """
    commits, shown = recorded.commits, recorded.run
    manifest = recorded.archive.manifest
    moves = _moves(commits)
    if moves.found == "different":
        # What cannot have happened adds up to nothing.
        return Replay(
            run_id=manifest.run_id,
            status=manifest.status,
            conclusion=manifest.conclusion,
            answers=(moves,),
        )
    run = recorded.folded()
    decisions = Decisions(recorded, commits)
    return Replay(
        run_id=run.id,
        status=run.status,
        conclusion=run.conclusion,
        answers=(
            moves,
            compared("outcome", _outcome(shown), _outcome(_folded(run)), run.outcome),
            *decisions.answers(),
        ),
    )


def _moves(commits: Sequence[Commit]) -> Answer:
    try:
        verify_moves(commits)
    except BrokenChainError as error:
        return Answer(name="moves", found="different", words=str(error))
    count = sum(len(commit.events) for commit in commits)
    return Answer(
        name="moves", found="same", words=f"{count} events, each move by its table"
    )


def _outcome(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: shown.get(name) for name in ("status", "conclusion", "outcome")}


def _folded(run: Run) -> dict[str, Any]:
    return {
        "status": run.status.value,
        "conclusion": run.conclusion,
        "outcome": run.outcome,
    }
