"""Compares checkpoints and runs: their states, and the artifacts that these name."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.checkpoints.diff.apart import compared
from core.checkpoints.diff.comparison import (
    NOISE,
    ArtifactDiff,
    Comparison,
    RunComparison,
    StepComparison,
    StepStatus,
)
from core.checkpoints.diff.model import Change, DiffLimits, DiffRules, StateDiff
from core.checkpoints.diff.wording import KINDS
from core.errors import BlobRedactedError
from core.events.base import JSON
from core.runs.artifact_diffs import ArtifactDiffs
from core.runs.compared_with import Histories, Placed, Sees, green_words
from core.runs.lister import RunLister
from core.runs.listing import everywhere
from core.runs.service import Runs
from core.store.blobs import Blobs

NO_RULES = DiffRules()
LIMITS = DiffLimits()
# Two large states take a process of their own, and anybody who may read can ask.
AT_ONCE = 2


class Comparing:
    """The service over checkpoints and blobs; `rules` are each pipeline's by name.

    `sees` tells which repositories may be shown; another's run is not there. Every
    method raises StoreUnavailableError, and BlobNotFoundError or BlobCorruptError when
    a state is lost that nobody redacted.
    """

    def __init__(
        self,
        runs: Runs,
        blobs: Blobs,
        lister: RunLister,
        rules: Mapping[str, DiffRules],
        *,
        limits: DiffLimits = LIMITS,
    ) -> None:
        self._runs = runs
        self._histories = Histories(runs, lister)
        self._artifacts = ArtifactDiffs(blobs, limits)
        self._rules = rules
        self._limits = limits
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def against(
        self, run_id: str, checkpoint_id: str, against: str, *, sees: Sees = everywhere
    ) -> Comparison:
        """Compare a checkpoint with what `against` says, which is the earlier side.

        That is `parent`, `last_green`, a checkpoint of the same run, or
        `RUN:CHECKPOINT`. Raises RunNotFoundError, CheckpointNotFoundError,
        NothingToCompareError.
        """
        ours = await self._histories.read(run_id, sees)
        one = ours.at(checkpoint_id)
        other = await self._histories.opposite(ours, one, against, sees)
        return await self.between(other.placed, one, notes=other.notes)

    async def runs(
        self, before: str, after: str, *, sees: Sees = everywhere
    ) -> RunComparison:
        """Compare two runs by the states behind each of their steps.

        Raises RunNotFoundError.
        """
        first = await self._histories.read(before, sees)
        second = await self._histories.read(after, sees)
        ends = [await self._histories.step_ends(one, sees) for one in (first, second)]
        return await self._step_by_step((before, after), ends, ())

    async def with_last_green(
        self, run_id: str, *, sees: Sees = everywhere
    ) -> RunComparison:
        """Compare a run with the last that succeeded before it, which comes first.

        Raises RunNotFoundError, NothingToCompareError.
        """
        ours = await self._histories.read(run_id, sees)
        last = ours.run.checkpoint_id or "(none)"
        green = await self._histories.green_run(ours, last, sees)
        ends = [await self._histories.step_ends(one, sees) for one in (green, ours)]
        notes = (f"{green_words(ours.run, green.run)}.",)
        return await self._step_by_step((green.run.id, run_id), ends, notes)

    async def between(
        self, before: Placed, after: Placed, *, notes: Iterable[str] = ()
    ) -> Comparison:
        """Compare two checkpoints that are at hand; a few at once, others wait."""
        async with self._turns:
            return await self._between(before, after, notes)

    async def _between(
        self, before: Placed, after: Placed, notes: Iterable[str]
    ) -> Comparison:
        first, second = await self._state(before), await self._state(after)
        sides = (
            before.side(redacted=first is None),
            after.side(redacted=second is None),
        )
        said = [*notes]
        names: list[Mapping[str, str]] = [before.view.artifacts, after.view.artifacts]
        pipelines = [one.run.subject.pipeline for one in (before, after)]
        rules = self._rules.get(pipelines[1], NO_RULES)
        if first is None or second is None:
            said += [_redacted(one.checkpoint_id) for one in sides if one.redacted]
            state = _by_digest(before, after)
        else:
            if pipelines[0] != pipelines[1]:
                shared = first.keys() & second.keys()
                said.append(_foreign(pipelines, shared))
                first, second = _only(first, shared), _only(second, shared)
                names = [_artifacts_in(one, shared) for one in names]
            state = await compared(first, second, rules=rules, limits=self._limits)
        artifacts = await self._artifacts.between(
            names[0],
            names[1],
            rules=rules,
            erased=(first is None, second is None),
        )
        return Comparison(
            before=sides[0],
            after=sides[1],
            state=_quietened(state, artifacts),
            artifacts=artifacts,
            notes=tuple(said),
        )

    async def _step_by_step(
        self,
        runs: tuple[str, str],
        ends: Sequence[Mapping[str, Placed | None]],
        notes: tuple[str, ...],
    ) -> RunComparison:
        steps: list[StepComparison] = []
        divergence: Comparison | None = None
        for name in dict.fromkeys([*ends[0], *ends[1]]):
            before, after = ends[0].get(name), ends[1].get(name)
            if before is None or after is None:
                sides = (name in ends[0], name in ends[1])
                steps.append(_alone(name, before, after, there=sides))
                continue
            found = await self.between(before, after)
            steps.append(_compared(name, found))
            if divergence is None and found.meaning:
                divergence = found
        return RunComparison(
            before=runs[0],
            after=runs[1],
            steps=tuple(steps),
            first=divergence,
            notes=notes,
        )

    async def _state(self, one: Placed) -> JSON | None:
        """Return a checkpoint's state; None when it was redacted."""
        if one.view.redacted:
            return None
        try:
            return await self._runs.checkpoint_state(one.view)
        except BlobRedactedError:
            return None


def _by_digest(before: Placed, after: Placed) -> StateDiff:
    """Return all that can be said when one of two states is gone."""
    counts = dict.fromkeys((*KINDS, NOISE), 0)
    if before.view.digest == after.view.digest:
        return StateDiff(operations=(), changes=(), counts=counts)
    change = Change(path="", kind="changed", redacted=True)
    counts[change.kind] = 1
    return StateDiff(operations=(), changes=(change,), counts=counts)


def _redacted(checkpoint_id: str) -> str:
    return f"The state of {checkpoint_id} was redacted: only digests are compared."


def _foreign(pipelines: Sequence[str], shared: Iterable[str]) -> str:
    named = ", ".join(sorted(shared)) or "nothing"
    return (
        f"The pipelines are two, {pipelines[0]} and {pipelines[1]}: only what both"
        f" states name is compared, {named}."
    )


def _only(state: JSON, names: Iterable[str]) -> JSON:
    return {name: state[name] for name in names}


def _artifacts_in(names: Mapping[str, str], shared: Iterable[str]) -> Mapping[str, str]:
    known = {*shared}
    return {one: digest for one, digest in names.items() if f"{one}_blob" in known}


def _quietened(state: StateDiff, artifacts: Iterable[ArtifactDiff]) -> StateDiff:
    """Take as noise that an artifact has another digest if only noise is in it."""
    quiet = {one.path for one in artifacts if one.noise}
    if not quiet:
        return state
    counts = dict(state.counts)
    changes: list[Change] = []
    for one in state.changes:
        if one.path in quiet and not one.noise:
            counts[one.kind] -= 1
            counts[NOISE] += 1
            changes.append(replace(one, noise=True))
        else:
            changes.append(one)
    return replace(state, changes=tuple(changes), counts=counts)


def _alone(
    name: str,
    before: Placed | None,
    after: Placed | None,
    *,
    there: tuple[bool, bool],
) -> StepComparison:
    statuses: Mapping[tuple[bool, bool], StepStatus] = {
        (True, False): "only_before",
        (False, True): "only_after",
    }
    return StepComparison(
        step=name,
        status=statuses.get(there, "unknown"),
        before=before.side(redacted=before.view.redacted) if before else None,
        after=after.side(redacted=after.view.redacted) if after else None,
    )


def _compared(name: str, found: Comparison) -> StepComparison:
    return StepComparison(
        step=name,
        status="differs" if found.meaning else "same",
        before=found.before,
        after=found.after,
        changes=found.meaning,
        noise=found.state.counts.get(NOISE, 0),
    )
