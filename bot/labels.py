"""What labels ask for: a review, or, by who may write, that one commit is let through.

An approval holds for the commit that was the head when the label was added. Whatever is
pushed later has a run and a gate of its own, at which the label says nothing until it
is added again.
"""

from dataclasses import dataclass

from bot.github.base_config import BaseConfigs
from bot.github.client import Connection, GitHubApp
from bot.github.comments import permission
from bot.github.pulls import get_pull
from bot.operations import Operations
from bot.pipeline.gating import APPROVAL
from bot.pipeline.github_source import connection
from bot.reviews import Reviews, Wish
from bot.webhooks.event_types import PullRequestLabeled
from bot.webhooks.outcome import Done, Ignored, Outcome
from core.errors import GateNotReachedError
from core.runs.gates import WAITING
from core.runs.model import Run, Subject
from core.runs.states import Status

AHEAD = frozenset({Status.QUEUED, Status.RUNNING, Status.RETRY_WAIT, Status.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Does what the base branch's configuration has a label mean."""

    reviews: Reviews
    operations: Operations
    configs: BaseConfigs
    app: GitHubApp

    async def handle(self, event: PullRequestLabeled, request_id: str) -> Outcome:
        """Do it; raises GateNotReachedError while the commit is not at its gate yet."""
        gh = await self._gh(event)
        read = await self.configs.of(gh, event.repository, event.base_sha)
        labels, name = read.config.labels, event.label.casefold()
        if event.added and name == labels.approve.casefold():
            return await self._approve(gh, event)
        steering = labels.require if event.added else labels.skip
        if name not in {one.casefold() for one in steering}:
            return Ignored("the label asks for nothing")
        answer = await self.reviews.request(
            Wish(
                repository=event.repository,
                number=event.number,
                installation_id=event.installation_id,
                request_id=request_id,
                reason="labeled" if event.added else "unlabeled",
                requested_by=event.sender,
            )
        )
        return Done() if answer.run is not None else Ignored(answer.reason)

    async def _approve(self, gh: Connection, event: PullRequestLabeled) -> Outcome:
        if not event.by_person:
            return Ignored("only a person approves by a label")
        allowed = await permission(gh, event.repository, event.sender)
        if not allowed.may_write:
            return Ignored("who added the label has no write access")
        run = await self.reviews.runs.current(event.repository, event.number)
        if run is None or run.subject.head_sha != event.head_sha:
            return await self._elsewhere(gh, event, run)
        gate = run.gates.get(APPROVAL)
        if gate is None and run.status in AHEAD:
            raise GateNotReachedError(run_id=run.id, gate=APPROVAL)
        if gate is None or gate.status != WAITING:
            return Ignored("nothing waits for an approval of this commit")
        await self.operations.decide(
            run.id,
            APPROVAL,
            "approve",
            actor=event.sender,
            reason=f"by the label {event.label} on {event.head_sha}",
        )
        return Done()

    async def _elsewhere(
        self, gh: Connection, event: PullRequestLabeled, run: Run | None
    ) -> Outcome:
        """Tell a commit that has been replaced from one whose run is yet to come."""
        pull = await get_pull(gh, event.repository, event.number)
        if pull.head_sha != event.head_sha:
            return Ignored("the head has moved since the label was added")
        if run is None:
            return Ignored("this commit is not under review")
        raise GateNotReachedError(run_id=run.id, gate=APPROVAL)

    async def _gh(self, event: PullRequestLabeled) -> Connection:
        subject = Subject(
            repository=event.repository,
            pull=event.number,
            head_sha=event.head_sha,
            installation_id=event.installation_id,
        )
        return await connection(self.app, subject)
