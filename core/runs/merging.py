"""Merge two branches: plan, let people settle conflicts, go on as one run."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from core.checkpoints.ancestry import merge_base
from core.checkpoints.chain import checkpoints_of
from core.checkpoints.conflicts import Conflict
from core.checkpoints.json_values import text_of
from core.checkpoints.merge import NO_RULES, Merged, merge
from core.checkpoints.merge_rules import MergeRules
from core.checkpoints.resolutions import Choice, check_choices
from core.clock import Ids
from core.errors import (
    ConcurrencyError,
    MergeCommittedError,
    MergeStaleError,
    NoCheckpointError,
)
from core.events import schema
from core.events.base import JSON, Payload
from core.events.schema import CheckpointRef
from core.runs import decide, merge_model
from core.runs.branching import Branches, Start, Wish
from core.runs.family import Family, family_of
from core.runs.merge_model import Merge
from core.runs.merge_plan import Planned, merged_settings
from core.runs.model import Run
from core.runs.past import past
from core.runs.service import Runs
from core.store.blobs import Blobs, Digest

Begin = Callable[[Start, str], Awaitable[str]]


class Merges:
    """The service over merge streams; `rules` are those of each pipeline by name."""

    def __init__(
        self,
        runs: Runs,
        branches: Branches,
        *,
        blobs: Blobs,
        ids: Ids,
        rules: Mapping[str, MergeRules],
    ) -> None:
        self._runs = runs
        self._branches = branches
        self._blobs = blobs
        self._ids = ids
        self._rules = rules

    async def plan(
        self, ours: str, theirs: str, *, base: str | None, actor: str
    ) -> Planned:
        """Compare the heads of two runs, and keep the plan under a new id.

        `base` is a checkpoint id, needed only where the runs have several lowest common
        ancestors. Raises RunNotFoundError, NoCheckpointError, CheckpointRedactedError
        and what `merge_base` raises.
        """
        return await self._plan(
            self._ids.new("mrg"), None, (ours, theirs), base=base, actor=actor
        )

    async def get(self, merge_id: str) -> Planned:
        """Return a merge as it stands.

        Raises MergeNotFoundError, CheckpointRedactedError.
        """
        stream = merge_model.merge_stream(merge_id)
        merge = merge_model.fold(merge_id, await self._runs.journal.read(stream))
        # What was erased must not be read in a plan that was made before.
        sides = [
            past(one.run_id, await self._runs.history(one.run_id), one.checkpoint_id)
            for one in (merge.base, merge.ours, merge.theirs)
        ]
        # No run ever changes its settings: they need not stand in the stored plan.
        settings = merged_settings(*(one.run.overrides for one in sides))
        stored = await self._blobs.get_json(Digest(merge.plan))
        return Planned(merge=merge, merged=_read(stored), settings=settings)

    async def settle(
        self, merge_id: str, choices: Mapping[str, Choice], *, actor: str
    ) -> Planned:
        """Keep what a person chose for some conflicts; a later choice replaces it.

        Raises UnknownConflictError, UnknownChoiceError, MergeCommittedError.
        """
        while True:
            planned = await self.get(merge_id)
            _refuse_committed(planned.merge)
            check_choices(planned.conflicts, choices)
            kept: JSON = {key: _plain(choice) for key, choice in choices.items()}
            masked = await self._runs.checkpoints.capture(kept)
            event = schema.MergeResolved(resolutions=masked.state, actor=actor)
            try:
                await self._append(planned.merge, event)
            except ConcurrencyError:
                continue
            return await self.get(merge_id)

    async def commit(self, merge_id: str, wish: Wish, begin: Begin) -> Planned:
        """Make the merge a run that goes on from both heads.

        `begin` begins that run under a name and returns its id; called again with the
        same name it must return the same. Raises UnresolvedConflictsError, and
        MergeStaleError when a head has moved on; then the merge has a fresh plan.
        """
        planned = await self.get(merge_id)
        merge = planned.merge
        if merge.run_id is not None:
            return planned
        state, overrides = planned.resolved()
        for head in (merge.ours, merge.theirs):
            if not await self._joined(merge, head):
                await self._replan(merge, actor=wish.actor)
                raise MergeStaleError(merge_id=merge_id, run_id=head.run_id)
        captured = await self._runs.checkpoints.capture(state)
        ours, theirs = [
            past(one.run_id, await self._runs.history(one.run_id), one.checkpoint_id)
            for one in (merge.ours, merge.theirs)
        ]
        chosen = replace(wish, overrides=overrides)
        start = self._branches.merged(ours, theirs, chosen, captured)
        # What is chosen or planned from now on is another state, and another run.
        run_id = await begin(start, f"{merge_id}.{merge.head_seq}")
        first = checkpoints_of(await self._runs.history(run_id))[0]
        event = schema.MergeCommitted(
            run_id=run_id, checkpoint_id=first.checkpoint_id, actor=wish.actor
        )
        try:
            await self._append(merge, event)
        except ConcurrencyError:
            await self._give_up(merge_id, run_id, actor=wish.actor)
            return await self.commit(merge_id, wish, begin)
        return await self.get(merge_id)

    async def _give_up(self, merge_id: str, run_id: str, *, actor: str) -> None:
        """Cancel a run of choices that somebody changed before they were committed."""
        merge = (await self.get(merge_id)).merge
        if merge.run_id != run_id:
            reason = f"{merge_id} was settled otherwise meanwhile"
            await self._runs.cancel(run_id, actor=actor, reason=reason)

    async def _replan(self, known: Merge, *, actor: str) -> Planned:
        pair = (known.ours.run_id, known.theirs.run_id)
        # What both came from they still come from, also where there is a choice.
        base = known.base.checkpoint_id
        return await self._plan(known.id, known, pair, base=base, actor=actor)

    async def _plan(
        self,
        merge_id: str,
        known: Merge | None,
        pair: tuple[str, str],
        *,
        base: str | None,
        actor: str,
    ) -> Planned:
        ours, theirs = pair
        family = await family_of(self._runs, ours)
        # A stranger has no ancestor in common with ours, and is read all the same.
        other = await family_of(self._runs, theirs)
        both = Family(members={**other.members, **family.members})
        heads = [_head(both.members[one][0]) for one in (ours, theirs)]
        found = merge_base(
            both.parents(), heads[0].checkpoint_id, heads[1].checkpoint_id, base
        )
        root = CheckpointRef(run_id=both.owner(found) or ours, checkpoint_id=found)
        before, mine, other_state = [
            await self._state(both, one) for one in (root, *heads)
        ]
        pipeline = both.members[ours][0].subject.pipeline
        rules = self._rules.get(pipeline, NO_RULES)
        merged = merge(before, mine, other_state, rules)
        settings = merged_settings(
            *(both.members[one.run_id][0].overrides for one in (root, *heads))
        )
        # Canonical JSON would make 1 of 1.0, which are two values to a merge.
        plan = await self._blobs.put(text_of(_stored(merged)).encode())
        event = schema.MergePlanned(
            base=root,
            ours=heads[0],
            theirs=heads[1],
            conflicts=tuple(one.id for one in (*merged.conflicts, *settings.conflicts)),
            plan=plan,
            actor=actor,
        )
        now = self._runs.clock.now()
        await self._runs.journal.append(
            merge_model.draft(merge_id, known, (event,), now)
        )
        return await self.get(merge_id)

    async def _state(self, family: Family, ref: CheckpointRef) -> JSON:
        commits = family.members[ref.run_id][1]
        found = past(ref.run_id, commits, ref.checkpoint_id).checkpoint
        return await self._runs.checkpoint_state(found)

    async def _joined(self, merge: Merge, head: CheckpointRef) -> bool:
        """Make sure that a head is still where the plan saw it; False when it is not.

        A run that can move says so in its own stream, at the sequence at which it was
        looked at: that append fails when it has moved meanwhile. One that has ended
        cannot move, and is never touched.
        """
        while True:
            run = await self._runs.load(head.run_id)
            if run.checkpoint_id != head.checkpoint_id:
                return False
            if run.terminal:
                return True
            event = schema.BranchMerged(merge_id=merge.id)
            now = self._runs.clock.now()
            try:
                await self._runs.journal.append(decide.draft(run, (event,), now))
            except ConcurrencyError:
                continue
            return True

    async def _append(self, merge: Merge, event: Payload) -> None:
        now = self._runs.clock.now()
        await self._runs.journal.append(
            merge_model.draft(merge.id, merge, (event,), now)
        )


def _head(run: Run) -> CheckpointRef:
    if run.checkpoint_id is None:
        raise NoCheckpointError(run_id=run.id)
    return CheckpointRef(run_id=run.id, checkpoint_id=run.checkpoint_id)


def _refuse_committed(merge: Merge) -> None:
    if merge.run_id is not None:
        raise MergeCommittedError(merge_id=merge.id, run_id=merge.run_id)


def _stored(merged: Merged) -> JSON:
    conflicts = [one.to_json() for one in merged.conflicts]
    return {"state": merged.state, "conflicts": conflicts}


def _read(stored: JSON) -> Merged:
    conflicts = tuple(Conflict.from_json(one) for one in stored["conflicts"])
    return Merged(state=stored["state"], conflicts=conflicts)


def _plain(choice: Choice) -> object:
    return choice if isinstance(choice, str) else dict(choice)
