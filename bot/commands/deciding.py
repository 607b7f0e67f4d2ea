"""What people say about gates in comments: approve, reject, waive, retry."""

from dataclasses import dataclass
from datetime import timedelta

from bot import comments
from bot.commands.grammar import Command, Verb
from bot.operations import Operations
from bot.webhooks.event_types import CommentEvent
from core.errors import GateNotReachedError, HeadUnseenError
from core.events.schema import Decision
from core.runs import pulls
from core.runs.decisions import Decisions
from core.runs.gates import in_state, stands
from core.runs.model import Run
from core.runs.service import Runs
from core.runs.states import STOPPED, Status

UNDER_WAY = frozenset({Status.QUEUED, Status.RUNNING, Status.RETRY_WAIT})
PATIENCE = 3
# GitHub cuts the time of a comment to it.
SECOND = timedelta(seconds=1)
DECISIONS: dict[Verb, Decision] = {
    Verb.APPROVE: "approve",
    Verb.REJECT: "reject",
    Verb.WAIVE: "waive",
    Verb.RETRY: "retry",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCommands:
    """Records decisions about the gates of a pull request's current run."""

    runs: Runs
    decisions: Decisions
    operations: Operations

    async def decide(self, event: CommentEvent, asked: Command, *, tries: int) -> str:
        """Return the answer; raises what the gates refuse, and HeadUnseenError.

        `tries` counts how often the comment was tried. From the second time on, a
        decision that stands already is taken for the one that it asks for. GitHub shows
        a gate a moment before the run has it: so one that is not there yet raises
        GateNotReachedError at first, and the comment is tried again.
        """
        run = await self.runs.current(event.repository, event.number)
        if run is None:
            return comments.status(None)
        await self._refuse_unseen(event)
        decision = DECISIONS[asked.verb]
        if decision == "retry":
            reason = " ".join(asked.arguments)
            return await self._retry(run, event.author, reason, tries=tries)
        if not asked.arguments:
            return comments.gate_missing(asked.verb, tuple(run.gates))
        gate, reason = asked.arguments[0], " ".join(asked.arguments[1:])
        if gate not in run.gates and run.status in UNDER_WAY and tries < PATIENCE:
            raise GateNotReachedError(run_id=run.id, gate=gate)
        if tries > 1 and stands(run, gate, decision, actor=event.author, reason=reason):
            # The earlier try may have been cut off before anybody saw what it did.
            await self.operations.show(run, decision)
            return comments.decided(run, decision, gate)
        after = await self.operations.decide(
            run.id, gate, decision, actor=event.author, reason=reason
        )
        return comments.decided(after, decision, gate)

    async def _retry(self, run: Run, author: str, reason: str, *, tries: int) -> str:
        if tries > 1 and _retried(run, author, reason):
            return comments.decided(run, "retry", "")
        if run.status in UNDER_WAY and tries < PATIENCE:
            raise GateNotReachedError(run_id=run.id, gate="that stops it")
        after = await self.decisions.retry(run.id, actor=author, reason=reason)
        return comments.decided(after, "retry", "")

    async def _refuse_unseen(self, event: CommentEvent) -> None:
        """Raise HeadUnseenError when a newer head than the person saw has come."""
        stream = pulls.pull_stream(event.repository, event.number)
        pull = pulls.fold(stream, await self.runs.journal.read(stream))
        if event.written_at is None or pull.since is None or pull.current is None:
            return
        if pull.since > event.written_at + SECOND:
            raise HeadUnseenError(head=pull.current.head_sha)


def _retried(run: Run, actor: str, reason: str) -> bool:
    said = [(one.decision, one.actor, one.reason) for one in run.approvals]
    left = in_state(run.gates, STOPPED)
    return ("retry", actor, reason) in said and not left
