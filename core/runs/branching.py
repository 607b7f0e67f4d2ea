"""Runs that go on from checkpoints of other runs, which are never touched for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from core.checkpoints.capture import Captured
from core.events import schema
from core.events.base import JSON, Payload
from core.events.schema import CheckpointRef, Origin
from core.runs import past as pasts
from core.runs.model import Beginning, Effect, Run
from core.runs.past import Past
from core.runs.service import Runs
from core.runs.states import EFFECT, STEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a branch differs from the run that it goes on from, and who wants it why.

    Without `publish` it says nothing at GitHub. From the first step in `redo` on,
    nothing is reused.
    """

    origin: Origin
    actor: str
    reason: str
    overrides: JSON
    publish: bool
    redo: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a new run begins: its state, what it need not do again, its first events.

    `steps` and `effects` are what is reused, for the answer to whoever asked, and
    `overrides` its settings.
    """

    run: Run
    overrides: JSON
    parents: tuple[CheckpointRef, ...]
    steps: tuple[str, ...]
    effects: tuple[str, ...]
    beginning: Beginning


class Branches:
    """Finds where a run goes on, and begins the runs that publish nothing."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def past(self, run_id: str, checkpoint_id: str) -> Past:
        """Return what lies behind a checkpoint.

        Raises RunNotFoundError, CheckpointNotFoundError, CheckpointRedactedError.
        """
        commits = await self._runs.history(run_id)
        return pasts.past(run_id, commits, checkpoint_id)

    async def past_step(self, run_id: str, step: str) -> Past:
        """Return what lies behind the beginning of a step; StepNotReachedError too."""
        commits = await self._runs.history(run_id)
        found = pasts.checkpoint_before(run_id, commits, step)
        return pasts.past(run_id, commits, found.checkpoint_id)

    async def start(self, past: Past, wish: Wish) -> Start:
        """Return where a branch of one run begins.

        Its state must still be there: raises BlobNotFoundError, BlobCorruptError.
        """
        one = past.checkpoint
        state = await self._runs.checkpoint_state(one)
        steps = _kept(past.steps, wish.redo)
        return self._start(
            past.run,
            wish,
            parents=(
                CheckpointRef(run_id=past.run.id, checkpoint_id=one.checkpoint_id),
            ),
            steps=dict.fromkeys(steps, past.run.id),
            effects={
                key: (past.run.id, one)
                for key, one in past.effects.items()
                if one.step in steps
            },
            captured=Captured(state, one.digest, one.state),
            at=one.step,
        )

    def merged(self, ours: Past, theirs: Past, wish: Wish, captured: Captured) -> Start:
        """Return where the merge of two branches begins.

        What both have done is not done again, up to the first step with a gate: a
        merged run passes its gates itself. What either wrote at GitHub is not written
        again.
        """
        undone = frozenset(ours.steps) - frozenset(theirs.steps)
        redo = wish.redo | undone | ours.gated | theirs.gated
        steps = dict.fromkeys(_kept(ours.steps, redo), ours.run.id)
        sides = (theirs, ours)
        effects = {key: (p.run.id, e) for p in sides for key, e in p.effects.items()}
        return self._start(
            ours.run,
            wish,
            parents=(_ref(ours), _ref(theirs)),
            steps=steps,
            effects={
                key: made for key, made in effects.items() if made[1].step in steps
            },
            captured=captured,
            at=ours.checkpoint.step,
        )

    def _start(
        self,
        run: Run,
        wish: Wish,
        *,
        parents: tuple[CheckpointRef, ...],
        steps: Mapping[str, str],
        effects: Mapping[str, tuple[str, Effect]],
        captured: Captured,
        at: str,
    ) -> Start:
        checkpoint = self._runs.checkpoints.event(
            captured,
            kind="merge" if wish.origin == "merge" else "branch",
            step=at,
            parents=tuple(one.checkpoint_id for one in parents),
        )
        events: Sequence[Payload] = (
            schema.BranchCreated(
                origin=wish.origin,
                parents=parents,
                family=run.family,
                overrides=wish.overrides,
                publish=wish.publish,
                actor=wish.actor,
                reason=wish.reason,
            ),
            *(_reused(name, from_run, parents[0]) for name, from_run in steps.items()),
            *(_inherited(key, *made) for key, made in effects.items()),
            checkpoint,
        )
        return Start(
            run=run,
            overrides=wish.overrides,
            parents=parents,
            steps=tuple(steps),
            effects=tuple(effects),
            beginning=Beginning(events=tuple(events), state=captured.inline),
        )


def _kept(steps: Sequence[str], redo: Collection[str]) -> tuple[str, ...]:
    return tuple(takewhile(lambda name: name not in redo, steps))


def _ref(past: Past) -> CheckpointRef:
    return CheckpointRef(
        run_id=past.run.id, checkpoint_id=past.checkpoint.checkpoint_id
    )


def _reused(name: str, from_run: str, parent: CheckpointRef) -> Payload:
    return schema.StepReused(
        subject=name,
        transition="reuse",
        from_="pending",
        to=STEP.step("reuse", "pending"),
        from_run=from_run,
        checkpoint_id=parent.checkpoint_id,
    )


def _inherited(key: str, from_run: str, effect: Effect) -> Payload:
    return schema.EffectInherited(
        subject=key,
        transition="inherit",
        from_=None,
        to=EFFECT.step("inherit", None),
        kind=effect.kind,
        digest=effect.digest,
        step=effect.step,
        result=effect.result or {},
        from_run=effect.from_run or from_run,
    )


def anew(run: Run, wish: Wish) -> Start:
    """Return the start of a run that has none of this one's past, only its settings."""
    event = schema.BranchCreated(
        origin=wish.origin,
        parents=(),
        family=run.family,
        overrides=wish.overrides,
        publish=wish.publish,
        actor=wish.actor,
        reason=wish.reason,
    )
    return Start(
        run=run,
        overrides=wish.overrides,
        parents=(),
        steps=(),
        effects=(),
        beginning=Beginning(events=(event,)),
    )
