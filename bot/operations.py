"""What people do with runs, whichever way they ask: API, command line, comments."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from bot.base import Base
from bot.pipeline.speaking import may_speak, speaks, unsaid
from bot.reviews import Answer, Reviews, Wish
from core.checkpoints.resolutions import Choice
from core.clock import CROCKFORD
from core.errors import (
    IllegalTransitionError,
    LocalRunError,
    PublisherMissingError,
)
from core.events.base import JSON
from core.events.schema import CheckpointRef, Decision
from core.runs import branching, gates
from core.runs.branching import Branches, Start
from core.runs.decisions import Decisions
from core.runs.merge_plan import Planned
from core.runs.merging import Merges
from core.runs.model import Run
from core.runs.past import Past
from core.runs.service import Runs

# So many of an id's digits tell it from others of the same moment.
RANDOM = 16
NO_OVERRIDES: JSON = {}
CheckOverrides = Callable[[JSON, Collection[str]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A run that goes on, and what of its past is not done again.

    `steps` and `effects` are those of `parents`, of which a run that was begun anew has
    none.
    """

    run: Run
    parents: tuple[CheckpointRef, ...] = ()
    steps: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()


class Operations:
    """Joins the control plane with GitHub, where what is done shows there.

    `reviews` is None in a process without the App's credentials: then whatever would
    speak at GitHub raises PublisherMissingError. `check` raises OverridesError for
    settings that a branch, which does not run the given steps again, cannot use.
    """

    def __init__(
        self,
        runs: Runs,
        *,
        branches: Branches,
        merges: Merges,
        decisions: Decisions,
        reviews: Reviews | None,
        check: CheckOverrides,
    ) -> None:
        self._runs = runs
        self._branches = branches
        self._merges = merges
        self._decisions = decisions
        self._reviews = reviews
        self._check = check

    async def request(self, wish: Wish) -> Answer:
        """Review a pull request's head of now."""
        return await self._speaking().request(wish)

    async def cancel(self, run_id: str, *, actor: str, reason: str) -> Run:
        """End a run, or ask its worker to; one that has ended stays as it is."""
        run = await self._runs.cancel(run_id, actor=actor, reason=reason)
        if self._reviews is not None:
            await self._reviews.close_cancelled(run)
        return run

    async def pause(self, run_id: str, *, actor: str, reason: str) -> Run:
        """Put a run aside until it is resumed; raises as `Runs.pause` does."""
        return await self._runs.pause(run_id, actor=actor, reason=reason)

    async def resume(self, run_id: str, *, actor: str, reason: str) -> Run:
        """Queue a paused run again; raises as `Runs.resume` does."""
        return await self._runs.resume(run_id, actor=actor, reason=reason)

    async def rerun(
        self,
        run_id: str,
        *,
        start_at: str | None,
        actor: str,
        reason: str,
        name: str | None = None,
        overrides: JSON = NO_OVERRIDES,
    ) -> Begun:
        """Run a run again: all of it, or from a step or a checkpoint on.

        Under a `name` it is begun once, and is the same when it is asked for again.
        Raises RunNotFoundError, StepNotReachedError, CheckpointNotFoundError,
        CheckpointRedactedError, LocalRunError, RunOutdatedError after a newer push, and
        OverridesError for settings that cannot be had.
        """
        run = await self._runs.load(run_id)
        fixed = None if name is None else _named(f"{run_id}.{name}")
        wish = branching.Wish(
            origin="rerun",
            actor=actor,
            reason=reason or "rerun",
            overrides={**run.overrides, **overrides},
            publish=speaks(run),
        )
        if start_at is None:
            self._check(overrides, ())
            start = branching.anew(run, wish)
            return await self._begin(start, wish, name=name, run_id=fixed)
        past = await self._past(run_id, start_at)
        start = await self._branches.start(past, wish)
        self._check(overrides, start.steps)
        return await self._begin(start, wish, name=name, run_id=fixed)

    async def branch(
        self,
        run_id: str,
        start_at: str,
        *,
        overrides: JSON,
        publish: bool,
        actor: str,
        reason: str,
        name: str | None = None,
    ) -> Begun:
        """Go on from a checkpoint or a step with other settings.

        It is silent unless `publish`. Under a `name` it is begun once from there.
        Raises as `rerun` does.
        """
        past = await self._past(run_id, start_at)
        publish = publish and may_speak(past.run)
        wish = branching.Wish(
            origin="branch",
            actor=actor,
            reason=reason,
            overrides={**past.run.overrides, **overrides},
            publish=publish,
            redo=unsaid(past.run) if publish else frozenset(),
        )
        start = await self._branches.start(past, wish)
        self._check(overrides, start.steps)
        fixed = None if name is None else f"{past.checkpoint.checkpoint_id}.{name}"
        return await self._begin(
            start, wish, run_id=None if fixed is None else _named(fixed)
        )

    async def commit(
        self, merge_id: str, *, publish: bool, actor: str, reason: str
    ) -> tuple[Planned, Begun]:
        """Make a merge a run; asked again, it answers with the same run.

        Raises UnresolvedConflictsError, MergeStaleError, OverridesError.
        """
        wish = branching.Wish(
            origin="merge",
            actor=actor,
            reason=reason or f"merge {merge_id}",
            overrides={},
            publish=publish,
            redo=await self._unsaid_by_both(merge_id) if publish else frozenset(),
        )
        begun: list[Begun] = []

        async def begin(start: Start, name: str) -> str:
            # A person may have chosen what neither side had.
            self._check(start.overrides, ())
            begun[:] = [await self._begin(start, wish, name=name, run_id=_named(name))]
            return begun[0].run.id

        planned = await self._merges.commit(merge_id, wish, begin)
        if begun:
            return planned, begun[0]
        run = await self._runs.load(planned.merge.run_id or "")
        return planned, _begun(run)

    async def decide(
        self, run_id: str, gate: str, decision: Decision, *, actor: str, reason: str
    ) -> Run:
        """Approve, reject, waive or retry a gate; raises as `Decisions.gate` does.

        What goes on says so itself, in the step with the gate; a rejection is shown
        here, for nothing goes on after it.
        """
        try:
            run = await self._decisions.gate(
                run_id, gate, decision, actor=actor, reason=reason
            )
        except IllegalTransitionError:
            # An earlier try may have decided it, and been cut off before it was shown.
            run = await self._runs.load(run_id)
            if not gates.stands(run, gate, decision, actor=actor, reason=reason):
                raise
        await self.show(run, decision)
        return run

    async def show(self, run: Run, decision: Decision) -> None:
        """Let others see what was decided; safe to do again."""
        await self._runs.projector.save(run)
        if decision == "reject" and self._reviews is not None:
            await self._reviews.show_rejection(run)

    async def settle(
        self, merge_id: str, choices: Mapping[str, Choice], *, actor: str
    ) -> Planned:
        """Keep what a person chose for conflicts of a merge."""
        return await self._merges.settle(merge_id, choices, actor=actor)

    async def _unsaid_by_both(self, merge_id: str) -> frozenset[str]:
        merge = (await self._merges.get(merge_id)).merge
        runs = [await self._runs.load(one.run_id) for one in (merge.ours, merge.theirs)]
        return frozenset().union(*(unsaid(run) for run in runs))

    async def _past(self, run_id: str, start_at: str) -> Past:
        if start_at.startswith("cp_"):
            return await self._branches.past(run_id, start_at)
        return await self._branches.past_step(run_id, start_at)

    async def _begin(
        self,
        start: Start,
        wish: branching.Wish,
        *,
        name: str | None = None,
        run_id: str | None = None,
    ) -> Begun:
        """Begin a run; a silent one that has a `run_id` is the same each time."""
        if start.run.subject.pull == 0 or (wish.publish and not may_speak(start.run)):
            raise LocalRunError(run_id=start.run.id)
        run_id = run_id or self._runs.new_id()
        subject = replace(
            start.run.subject, reason=wish.origin, requested_by=wish.actor
        )
        if wish.publish:
            answer = await self._speaking().begin(
                subject, name or run_id, again=True, beginning=start.beginning
            )
            run_id = answer.run.id if answer.run else run_id
        else:
            await self._runs.begin(run_id, subject, start.beginning)
        run = await self._runs.release(run_id)
        return Begun(
            run=run, parents=start.parents, steps=start.steps, effects=start.effects
        )

    def _speaking(self) -> Reviews:
        if self._reviews is None:
            raise PublisherMissingError
        return self._reviews


def _begun(run: Run) -> Begun:
    """Return what was answered when the run was begun."""
    return Begun(
        run=run,
        parents=run.parents,
        steps=tuple(name for name, state in run.steps.items() if state == "reused"),
        effects=tuple(key for key, one in run.effects.items() if one.from_run),
    )


def _named(name: str) -> str:
    """Return the id of the run that is begun under this name.

    The name begins with the id of what the run goes on from, and a full stop: the run's
    id is of the same moment.
    """
    _, digits = name.partition(".")[0].split("_")
    hashed = hashlib.sha256(name.encode()).digest()
    chosen = [CROCKFORD[one % len(CROCKFORD)] for one in hashed[:RANDOM]]
    return f"run_{digits[:-RANDOM]}{''.join(chosen)}"


def operations_on(base: Base, reviews: Reviews | None, *, model: str) -> Operations:
    """Put the operations together over a process's services."""
    return Operations(
        base.runs,
        branches=base.branches,
        merges=base.merges,
        decisions=base.decisions,
        reviews=reviews,
        check=base.choices(model).check,
    )
