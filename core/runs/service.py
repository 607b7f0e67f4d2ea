"""What the rest of nofx asks of runs: request one, load one, cancel one."""

from contextlib import suppress
from dataclasses import replace

from core.checkpoints.capture import Checkpoints
from core.checkpoints.chain import CheckpointView
from core.clock import Clock, Ids
from core.errors import (
    ActiveRunError,
    CheckpointRedactedError,
    ConcurrencyError,
    RunNotFoundError,
)
from core.events import schema
from core.events.base import JSON, Payload
from core.events.commit import Commit
from core.events.journal import Journal
from core.runs import decide, leases, pulls
from core.runs.evolve import fold
from core.runs.exchanges import KeptExchanges
from core.runs.handle import RunHandle
from core.runs.kept_logs import KeptLogs
from core.runs.model import AT_THE_START, Beginning, Run, Subject, stream_of
from core.runs.projection import RunProjection
from core.runs.projector import AtOnce, Projector
from core.runs.states import Status
from core.runs.wake import Wake
from core.store.blobs import Blobs, Digest

FRESH_AGAIN = frozenset(
    {Status.CANCELLING, Status.CANCELLED, Status.FAILED, Status.DEAD}
)


class Runs:
    """The service over the journal and the `runs` projection."""

    def __init__(
        self,
        *,
        journal: Journal,
        projection: RunProjection,
        checkpoints: Checkpoints,
        blobs: Blobs,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self.journal = journal
        self.projection = projection
        self.projector = Projector(projection, clock=clock)
        self._at_once = AtOnce(projection, self.projector)
        self.checkpoints = checkpoints
        self.logs = KeptLogs(blobs, mask=checkpoints.mask)
        self.exchanges = KeptExchanges(blobs, mask=checkpoints.mask)
        self.clock = clock
        self.wake = Wake()
        self._blobs = blobs
        self._ids = ids

    async def request(
        self,
        subject: Subject,
        request_id: str,
        *,
        again: bool = False,
        beginning: Beginning = AT_THE_START,
    ) -> pulls.Requested:
        """Decide which run reviews this head, and begin its stream.

        A request that was seen before gets the run it got then. A head that already
        has a run keeps it, unless that run ends without a review or `again` is set.
        The run is not claimable until `release`. Raises RunOutdatedError when what goes
        on from another run would take the place of a newer head's.
        """
        stream = pulls.pull_stream(subject.repository, subject.pull)
        while True:
            pull = pulls.fold(stream, await self.journal.read(stream))
            request, fresh = await self._answer(pull, subject, request_id, again=again)
            if fresh:
                if beginning.events:
                    pull.refuse_older(subject.head_sha)
                now = self.clock.now()
                try:
                    await self.journal.append(pulls.draft(pull, request, now))
                except ConcurrencyError:
                    continue
            # The head may have moved since an earlier try decided and was cut off.
            decided = replace(subject, head_sha=request.head_sha, reason=request.reason)
            await self.begin(request.run_id, decided, beginning)
            supersedes = request.supersedes[0] if request.supersedes else None
            return pulls.Requested(
                run_id=request.run_id, supersedes=supersedes, fresh=fresh
            )

    async def _answer(
        self, pull: pulls.PullRuns, subject: Subject, request_id: str, *, again: bool
    ) -> tuple[schema.RunRequested, bool]:
        known, current = pull.by_request(request_id), pull.current
        if known is not None:
            return known, False
        if current is not None and current.head_sha == subject.head_sha and not again:
            run = await self.find(current.run_id)
            if run is None or run.status not in FRESH_AGAIN:
                return current, False
        request = schema.RunRequested(
            run_id=self.new_id(),
            head_sha=subject.head_sha,
            request_id=request_id,
            reason=subject.reason,
            supersedes=(current.run_id,) if current else (),
        )
        return request, True

    def new_id(self) -> str:
        """Return an id for a run that nobody has asked for by name."""
        return self._ids.new("run")

    async def begin(self, run_id: str, subject: Subject, beginning: Beginning) -> None:
        """Append a run's first commit, unless an earlier try got this far."""
        draft = decide.first_draft(
            run_id,
            subject,
            self.clock.now(),
            *beginning.events,
            state=beginning.state,
        )
        with suppress(ConcurrencyError):
            await self.journal.append(draft)

    async def release(self, run_id: str) -> Run:
        """Make a run claimable by any worker; one that was superseded is cancelled.

        Raises ActiveRunError while another run of the same head has not ended.
        """
        run = await self.load(run_id)
        # What superseded it may have come before there was anything to cancel.
        heir = await self._heir(run)
        if heir is not None and not run.terminal:
            words = f"superseded by run {heir}"
            return await self.cancel(run_id, actor="nofx", reason=words, by_run=heir)
        try:
            await self.projection.save(run)
        except ActiveRunError as error:
            # The other's end may stand in the journal alone.
            await self._fold_forward(str(error.facts["run_id"]))
            await self.projection.save(run)
        if run.status is Status.QUEUED:
            self.wake.note(run)
        return run

    async def _heir(self, run: Run) -> str | None:
        # What says nothing at GitHub does not give way there.
        if run.subject.pull == 0 or not run.publish:
            return None
        stream = pulls.pull_stream(run.subject.repository, run.subject.pull)
        newest = pulls.fold(stream, await self.journal.read(stream)).current
        return newest.run_id if newest is not None and newest.run_id != run.id else None

    async def _fold_forward(self, run_id: str) -> None:
        run = await self.find(run_id)
        if run is not None:
            await self.projection.save(run)

    async def find(self, run_id: str) -> Run | None:
        """Return the folded run, or None when its stream was never begun."""
        commits = await self.journal.read(stream_of(run_id))
        return fold(run_id, commits) if commits else None

    async def load(self, run_id: str) -> Run:
        """Return the folded run; raises RunNotFoundError."""
        return fold(run_id, await self.journal.read(stream_of(run_id)))

    async def history(self, run_id: str) -> tuple[Commit, ...]:
        """Return the run's commits, oldest first; raises RunNotFoundError."""
        commits = await self.journal.read(stream_of(run_id))
        if not commits:
            raise RunNotFoundError(run_id=run_id)
        return commits

    async def current(
        self, repository: str, pull: int, *, before: str = ""
    ) -> Run | None:
        """Return the pull request's newest run, or what it was `before` a request."""
        stream = pulls.pull_stream(repository, pull)
        newest = pulls.fold(stream, await self.journal.read(stream)).before(before)
        return await self.find(newest.run_id) if newest else None

    async def handle(
        self,
        run_id: str,
        *,
        fence: int | None = None,
        unseen: bool = False,
        behind: bool = False,
    ) -> RunHandle:
        """Return a handle on the run as it is now; a worker gives its fence.

        What is appended to an `unseen` one does not make it claimable. With `behind`
        the projection follows a little later: only for runs that are due or held, since
        a claim or the reaper finds those again when this process dies.
        """
        run = await self.load(run_id)
        return self.handle_on(run, fence=fence, unseen=unseen, behind=behind)

    def handle_on(
        self,
        run: Run,
        *,
        fence: int | None = None,
        unseen: bool = False,
        behind: bool = False,
    ) -> RunHandle:
        """Return a handle on a run that is at hand, as `handle` does."""
        shown = self.projector if behind else self._at_once
        handle = RunHandle(
            run,
            journal=self.journal,
            projection=None if unseen else shown,
            clock=self.clock,
            fence=fence,
            mask=self.checkpoints.mask,
        )
        handle.check_held()
        return handle

    async def state_of(self, run: Run) -> JSON:
        """Return the state of the run's last checkpoint; empty before the first."""
        if run.state is not None:
            return dict(run.state)
        if run.state_digest is None:
            return {}
        if run.state_digest in run.redacted:
            named = run.checkpoint_id
            raise CheckpointRedactedError(run_id=run.id, checkpoint_id=named)
        return await self._stored(run.state_digest)

    async def checkpoint_state(self, checkpoint: CheckpointView) -> JSON:
        """Return the state of a checkpoint; BlobNotFoundError, BlobCorruptError."""
        if checkpoint.state is not None:
            return dict(checkpoint.state)
        return await self._stored(checkpoint.digest)

    async def _stored(self, digest: str) -> JSON:
        state: JSON = await self._blobs.get_json(Digest(digest))
        return state

    async def cancel(
        self, run_id: str, *, actor: str, reason: str, by_run: str | None = None
    ) -> Run:
        """End a run, or ask its worker to; a run that has ended stays as it is.

        `by_run` names the run that takes its place.
        """
        handle = await self.handle(run_id)

        def decision(run: Run) -> tuple[Payload, ...]:
            moves = decide.cancelled(run, actor=actor, reason=reason)
            if by_run is None or not moves:
                return moves
            head = run.subject.head_sha
            return schema.RunSuperseded(by_run=by_run, head_sha=head), *moves

        return await handle.append(decision)

    async def pause(self, run_id: str, *, actor: str, reason: str) -> Run:
        """Put a run aside until it is resumed; a worker that holds it lets go.

        Raises RunNotFoundError, and IllegalTransitionError when it has ended, waits at
        a gate, or is on its way out.
        """
        handle = await self.handle(run_id)
        return await handle.append(
            lambda run: decide.paused(run, actor=actor, reason=reason)
        )

    async def resume(self, run_id: str, *, actor: str, reason: str) -> Run:
        """Queue a paused run again, with its whole time and every try before it.

        Another worker gets it when the lease is over of who was paused at it. Raises
        RunNotFoundError, IllegalTransitionError when it is not paused.
        """
        while True:
            commits = await self.history(run_id)
            handle = self.handle_on(fold(run_id, commits))
            with suppress(ConcurrencyError):
                run = await handle.append(
                    leases.resuming(
                        commits, now=self.clock.now(), actor=actor, reason=reason
                    )
                )
                self.wake.note(run)
                return run

    async def close(self) -> None:
        """Bring the projection up to date and end this process's log."""
        await self.projector.drain()
        await self.journal.close()
