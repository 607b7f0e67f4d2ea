"""What people decide about runs: gates, checkpoints of their own, redactions."""

from collections.abc import Awaitable, Callable, Sequence

from core.checkpoints.capture import Captured
from core.checkpoints.chain import CheckpointView, checkpoints_of
from core.errors import (
    CheckpointNotFoundError,
    ConcurrencyError,
    IllegalTransitionError,
    NoCheckpointError,
    RunEndedError,
)
from core.events import schema
from core.events.base import Payload
from core.events.schema import CheckpointCaptured, Decision, Kind
from core.runs import gates
from core.runs.family import family_of
from core.runs.model import Run, stream_of
from core.runs.service import Runs

Events = Callable[[Run], Awaitable[Sequence[Payload]]]
# Deletes what was made of a repository's states elsewhere.
Forget = Callable[[str], Awaitable[None]]
# Has a blob deleted that nothing names any more.
LetGo = Callable[[str], Awaitable[None]]


class Decisions:
    """Each decision is one commit in the run's stream, made on the run as it is.

    `forget` deletes what was made of states of a repository, once one is erased, and
    `let_go` that one where it was too large to stand in the journal.
    """

    def __init__(
        self, runs: Runs, *, forget: Forget | None = None, let_go: LetGo | None = None
    ) -> None:
        self._runs = runs
        self._forget = forget
        self._let_go = let_go

    async def gate(
        self, run_id: str, name: str, decision: Decision, *, actor: str, reason: str
    ) -> Run:
        """Approve, reject, waive or retry a gate; set the run going if that frees it.

        Raises RunNotFoundError, and what `gates.decided` raises.
        """

        async def events(run: Run) -> Sequence[Payload]:
            decided = gates.decided(run, name, decision, actor=actor, reason=reason)
            return await self._with_checkpoint(run, decided, actor, reason)

        return await self._append(run_id, events)

    async def retry(self, run_id: str, *, actor: str, reason: str) -> Run:
        """Take up again every gate that failed or was rejected.

        Raises RunNotFoundError, IllegalTransitionError when none of them did.
        """

        async def events(run: Run) -> Sequence[Payload]:
            return gates.retried(run, actor=actor, reason=reason)

        return await self._append(run_id, events)

    async def checkpoint(
        self, run_id: str, *, actor: str, reason: str
    ) -> CheckpointView:
        """Name the state of now by a checkpoint of its own, to come back to.

        Raises RunNotFoundError, NoCheckpointError, RunEndedError.
        """
        made: list[CheckpointCaptured] = []

        async def events(run: Run) -> Sequence[Payload]:
            if run.terminal:
                raise RunEndedError(run_id=run.id, status=run.status)
            made[:] = [await self._here(run, "manual", actor, reason)]
            return made

        await self._append(run_id, events)
        views = checkpoints_of(await self._runs.history(run_id))
        wanted = made[0].checkpoint_id
        return next(one for one in views if one.checkpoint_id == wanted)

    async def redact(
        self, run_id: str, checkpoint_id: str, *, actor: str, reason: str
    ) -> CheckpointView:
        """Erase the state of a checkpoint, wherever in the run's family it stands.

        It is the one thing that is done to a run that has ended. The events come first:
        a crash in between leaves a state that another call erases. A large state goes
        some hours later. Raises RunNotFoundError, CheckpointNotFoundError.
        """
        view = await self._view(run_id, checkpoint_id)
        event = schema.CheckpointRedacted(
            checkpoint_id=checkpoint_id,
            digest=view.digest,
            actor=actor,
            reason=reason,
        )
        family = await family_of(self._runs, run_id)
        for run, commits in family.members.values():
            if any(one.digest == view.digest for one in checkpoints_of(commits)):
                await self._erase(run.id, event)
        if self._let_go is not None:
            await self._let_go(view.digest)
        if self._forget is not None:
            subject = family.members[run_id][0].subject
            await self._forget(subject.repository)
        return await self._view(run_id, checkpoint_id)

    async def _erase(self, run_id: str, event: schema.CheckpointRedacted) -> None:
        async def events(run: Run) -> Sequence[Payload]:
            return () if event.digest in run.redacted else (event,)

        await self._append(run_id, events)
        for one in checkpoints_of(await self._runs.history(run_id)):
            if one.digest == event.digest:
                await self._runs.journal.erase_state(stream_of(run_id), one.seq)

    async def _view(self, run_id: str, checkpoint_id: str) -> CheckpointView:
        for one in checkpoints_of(await self._runs.history(run_id)):
            if one.checkpoint_id == checkpoint_id:
                return one
        raise CheckpointNotFoundError(run_id=run_id, checkpoint_id=checkpoint_id)

    async def _with_checkpoint(
        self, run: Run, events: tuple[Payload, ...], actor: str, reason: str
    ) -> tuple[Payload, ...]:
        """Put the checkpoint beside it that the table asks of a gate that stops."""
        stops = any(
            isinstance(one, schema.RunStateChanged) and one.transition == "reject_gate"
            for one in events
        )
        if not stops:
            return events
        return (await self._here(run, "gate_failed", actor, reason), *events)

    async def _here(
        self, run: Run, kind: Kind, actor: str, reason: str
    ) -> CheckpointCaptured:
        if run.checkpoint_id is None or run.state_digest is None:
            raise NoCheckpointError(run_id=run.id)
        state = await self._runs.state_of(run)
        return self._runs.checkpoints.event(
            Captured(state, run.state_digest, run.state),
            kind=kind,
            step="",
            parents=(run.checkpoint_id,),
            actor=actor,
            reason=reason,
        )

    async def _append(self, run_id: str, events: Events) -> Run:
        """Append what is decided on the run as it is; decide anew after a lost race."""
        while True:
            handle = await self._runs.handle(run_id)
            seen = handle.run
            try:
                decided = await events(seen)
            except IllegalTransitionError:
                # Who tried before may have been cut off before others saw what it did.
                await self._runs.projector.save(seen)
                raise
            captures = any(isinstance(one, CheckpointCaptured) for one in decided)
            decision = _on(seen, decided)
            try:
                run = await handle.append(
                    decision, state=seen.state if captures else None
                )
            except ConcurrencyError:
                continue
            self._runs.wake.set()
            return run


def _on(seen: Run, decided: Sequence[Payload]) -> Callable[[Run], Sequence[Payload]]:
    def decision(run: Run) -> Sequence[Payload]:
        if run.head_seq != seen.head_seq:
            raise ConcurrencyError(stream=run.stream, seq=seen.head_seq + 1)
        return decided

    return decision
