"""What can be proved of a bundle without the service: its parts bear each other out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import (
    BlobNotJsonError,
    BrokenChainError,
    BundleMemberError,
    BundleRefusedError,
    RunNotFoundError,
)
from core.events.base import Move
from core.events.schema import BranchCreated, CheckpointCaptured
from core.rca.recorded import CheckpointFile, Recorded
from core.runs.continuity import verify_moves
from core.store.digests import canonical, digest_of

ACCOUNT = "redaction/report.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One proof: it holds, it does not, or, as None, it cannot be had."""

    name: str
    holds: bool | None
    words: str


class _BrokenError(Exception):
    """A proof fails; says at what."""


def held(recorded: Recorded) -> tuple[Held, ...]:
    """Prove a bundle of which every sum was found to fit, part by part."""
    archive = recorded.archive
    sums = f"{len(archive.members)} members are as SHA256SUMS and the manifest say"
    proofs: dict[str, Callable[[Recorded], str]] = {
        "events": _events,
        "moves": _moves,
        "run": _run,
        "checkpoints": _checkpoints,
        "artifacts": _artifacts,
    }
    return (
        Held(name="sums", holds=True, words=sums),
        *(_tried(name, prove, recorded) for name, prove in proofs.items()),
    )


def _tried(name: str, prove: Callable[[Recorded], str], recorded: Recorded) -> Held:
    try:
        return Held(name=name, holds=True, words=prove(recorded))
    except BundleMemberError as error:
        return Held(name=name, holds=None, words=f"there is no {error.facts['member']}")
    except BundleRefusedError as error:
        words = f"{error.facts['member']}: {error.facts['reason']}"
        return Held(name=name, holds=False, words=words)
    except (BrokenChainError, RunNotFoundError, _BrokenError) as error:
        return Held(name=name, holds=False, words=str(error))


def _events(recorded: Recorded) -> str:
    """Find every entry from the first to the manifest's there, in order."""
    seq, index = 0, 0
    for line in recorded.lines:
        seq, index = (seq, index + 1) if line.seq == seq else (seq + 1, 0)
        if line.id != f"{recorded.stream}:{seq}.{index}" or line.seq != seq:
            raise _BrokenError(f"{line.id} stands where {seq}.{index} should")
    last = recorded.archive.manifest.seq
    if seq != last:
        raise _BrokenError(f"they end at entry {seq}, and the manifest says {last}")
    return f"{len(recorded.lines)} events in entries 1 to {seq}, without a gap"


def _moves(recorded: Recorded) -> str:
    """Follow each machine, by events that tell of such transitions alone."""
    for commit in recorded.commits:
        for event in commit.events:
            if isinstance(event, Move) and not event.moves_by(event.transition):
                raise _BrokenError(f"{event.type} tells of {event.transition}")
    verify_moves(recorded.commits)
    return "each goes on from where the one before it ended, by a row of its table"


def _run(recorded: Recorded) -> str:
    """Fold the events to what run.json and the manifest show."""
    manifest = recorded.archive.manifest
    run = recorded.folded()
    told = (run.status.value, run.conclusion)
    shown = (recorded.run.get("status"), recorded.run.get("conclusion"))
    for name, found in (
        ("run/run.json", shown),
        ("manifest.json", (manifest.status, manifest.conclusion)),
    ):
        if found != told:
            raise _BrokenError(f"{name} says {_pair(found)}, the events {_pair(told)}")
    return f"the events add up to {_pair(told)}, as is shown"


def _pair(told: tuple[Any, Any]) -> str:
    return f"{told[0]}, {told[1] or 'no conclusion'}"


def _checkpoints(recorded: Recorded) -> str:
    """Find each captured state there, as its digest names it unless it was masked."""
    captured = [
        event
        for commit in recorded.commits
        for event in commit.events
        if isinstance(event, CheckpointCaptured)
    ]
    files = recorded.checkpoints
    if len(captured) != len(files):
        raise _BrokenError(f"{len(captured)} were captured, and {len(files)} are there")
    masked, erased = _masked(recorded), 0
    changed: list[str] = []
    for event, (name, file) in zip(captured, files, strict=True):
        if (event.checkpoint_id, event.digest) != (file.checkpoint_id, file.digest):
            raise _BrokenError(f"{name} is not {event.checkpoint_id}")
        if file.redacted or file.state is None:
            erased += 1
        elif not _is_named(file):
            changed.append(name)
    _check_parents(recorded, captured)
    _only_masked(changed, masked)
    but = _but(len(changed), erased)
    return f"{len(files)} states{but}, each what its digest names"


def _check_parents(recorded: Recorded, captured: list[CheckpointCaptured]) -> None:
    known = {
        parent.checkpoint_id
        for commit in recorded.commits
        for event in commit.events
        if isinstance(event, BranchCreated)
        for parent in event.parents
    }
    for event in captured:
        strange = [one for one in event.parents if one not in known]
        if strange:
            words = f"{event.checkpoint_id} goes on from {strange[0]}"
            raise _BrokenError(f"{words}, which is nowhere before it")
        known.add(event.checkpoint_id)


def _artifacts(recorded: Recorded) -> str:
    found = recorded.artifacts.values()
    changed = [one.name for one in found if not one.whole]
    _only_masked(changed, _masked(recorded))
    return f"{len(found)}{_but(len(changed), 0)}, each what its name says"


def _masked(recorded: Recorded) -> frozenset[str]:
    told = recorded.json(ACCOUNT).get("by_member", {})
    return frozenset(told) if isinstance(told, dict) else frozenset()


def _only_masked(changed: list[str], masked: frozenset[str]) -> None:
    others = [name for name in changed if name not in masked]
    if others:
        words = "is not what its digest names, and was not masked"
        raise _BrokenError(f"{others[0]} {words}")


def _but(masked: int, erased: int) -> str:
    parts = (f"{masked} masked" if masked else "", f"{erased} erased" if erased else "")
    told = ", ".join(filter(None, parts))
    return f" ({told}, which cannot be compared)" if told else ""


def _is_named(file: CheckpointFile) -> bool:
    try:
        return digest_of(canonical(file.state)) == file.digest
    except BlobNotJsonError:
        return False
