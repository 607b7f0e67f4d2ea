"""Asking for reviews and calling them off: runs and what GitHub shows of them."""

import asyncio
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog

from bot.github.base_config import BaseConfigs
from bot.github.client import Connection, GitHubApp
from bot.github.limits import Policy
from bot.github.pulls import get_pull
from bot.github.values import PullRequest
from bot.pipeline.github_source import connection
from bot.pipeline.ports import Desk
from core.clock import Clock
from core.review.config import ReviewConfig
from core.runs.effects import Effects
from core.runs.handle import RunHandle
from core.runs.lanes import Lane
from core.runs.model import AT_THE_START, Beginning, Run, Subject
from core.runs.pipeline import Ending
from core.runs.pulls import Requested
from core.runs.service import Runs
from core.runs.states import Status

# For what another process says at GitHub: a request, and then some.
PATIENCE = Policy().timeout_seconds + 15
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who wants a pull request reviewed, why, and under what name it is asked.

    `request_id` makes asking again harmless. `again` wants a new run even where the
    head was reviewed; `drafts` wants one even of a draft, and whatever its labels say.
    """

    repository: str
    number: int
    installation_id: int | None
    request_id: str
    reason: str
    requested_by: str
    again: bool = False
    drafts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The run that answers a wish, or the reason why there is none."""

    run: Run | None
    fresh: bool = False
    reason: str = ""


class Reviews:
    """Every call can be repeated after a crash and then finishes what is missing."""

    def __init__(
        self,
        *,
        runs: Runs,
        app: GitHubApp,
        desk: Desk,
        configs: BaseConfigs,
        clock: Clock,
        settle: float,
    ) -> None:
        self.runs = runs
        self._app = app
        self._desk = desk
        self._configs = configs
        self._clock = clock
        self._settle = settle
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def request(self, wish: Wish) -> Answer:
        """Review the pull request's head of now; an older run gives way.

        GitHub is asked for the head, for deliveries arrive in any order.
        """
        gh = await self._gh(wish)
        pull = await get_pull(gh, wish.repository, wish.number)
        if pull.state != "open":
            return Answer(run=None, reason="the pull request is closed")
        # Only people ask for reviews of drafts, and what a person asks for is done.
        if not wish.drafts:
            read = await self._configs.of(gh, wish.repository, pull.base_sha)
            if reason := unwanted(pull, read.config):
                return Answer(run=None, reason=reason)
        subject = Subject(
            repository=wish.repository,
            pull=wish.number,
            head_sha=pull.head_sha,
            base_sha=pull.base_sha,
            installation_id=wish.installation_id,
            reason=wish.reason,
            requested_by=wish.requested_by,
            # They wait for the answer.
            priority=Lane.PERSON if wish.drafts else Lane.ROUTINE,
        )
        return await self.begin(subject, wish.request_id, again=wish.again)

    async def begin(
        self,
        subject: Subject,
        request_id: str,
        *,
        again: bool,
        beginning: Beginning = AT_THE_START,
    ) -> Answer:
        """Begin the run that speaks on the subject's pull request from now on."""
        requested = await self.runs.request(
            subject, request_id, again=again, beginning=beginning
        )
        with structlog.contextvars.bound_contextvars(run_id=requested.run_id):
            log.info(
                "run.asked",
                repository=subject.repository,
                pull=subject.pull,
                reason=subject.reason,
                fresh=requested.fresh,
            )
            return await self._begun(requested)

    async def _begun(self, requested: Requested) -> Answer:
        async with self._turn(requested.run_id):
            handle = await self.runs.handle(requested.run_id, unseen=True)
            if handle.run.status is Status.QUEUED:
                await self._desk.announce(handle.run, self._effects(handle))
        if requested.supersedes is not None:
            await self._give_way(requested.supersedes, requested.run_id)
        run = await self.runs.release(requested.run_id)
        await self.close_cancelled(run)
        return Answer(run=run, fresh=requested.fresh)

    async def cancel(
        self, repository: str, number: int, *, actor: str, reason: str
    ) -> Run | None:
        """Call off the newest run; returns it as it was, None when there is none."""
        run = await self.runs.current(repository, number)
        if run is not None:
            await self._call_off(run.id, actor=actor, reason=reason)
        return run

    async def show_rejection(self, run: Run) -> None:
        """Say on the check run that the last word on the run was a person's no."""
        said_no = bool(run.approvals) and run.approvals[-1].decision == "reject"
        if said_no and run.publish and run.subject.pull:
            async with self._turn(run.id):
                handle = await self.runs.handle(run.id)
                await self._desk.reject(run, self._effects(handle), run.approvals[-1])

    async def close_cancelled(self, run: Run) -> None:
        """Close the check run of a cancelled run that no worker held."""
        if run.status is Status.CANCELLED and run.publish and run.subject.pull:
            ending = Ending(kind="cancelled", reason=run.outcome or "cancelled")
            async with self._turn(run.id):
                handle = await self.runs.handle(run.id)
                await self._desk.close(run, self._effects(handle), ending)

    async def _give_way(self, run_id: str, by_run: str) -> None:
        if await self.runs.find(run_id) is None:
            return
        reason = f"superseded by run {by_run}"
        await self._call_off(run_id, actor="nofx", reason=reason, by_run=by_run)

    async def _call_off(
        self, run_id: str, *, actor: str, reason: str, by_run: str | None = None
    ) -> None:
        run = await self.runs.cancel(run_id, actor=actor, reason=reason, by_run=by_run)
        await self.close_cancelled(run)

    def _turn(self, run_id: str) -> asyncio.Lock:
        """Return what keeps two from saying the same of a run at once.

        One that is only slow would look to the other as if it had crashed; what other
        processes say is waited for by the effects.
        """
        return self._turns.setdefault(run_id, asyncio.Lock())

    def _effects(self, handle: RunHandle) -> Effects:
        return Effects(
            handle, clock=self._clock, settle=self._settle, patience=PATIENCE
        )

    async def _gh(self, wish: Wish) -> Connection:
        subject = Subject(
            repository=wish.repository,
            pull=wish.number,
            head_sha="",
            installation_id=wish.installation_id,
        )
        return await connection(self._app, subject)


def unwanted(pull: PullRequest, config: ReviewConfig) -> str:
    """Return why nobody wants this pull request reviewed yet, or nothing."""
    if pull.draft and not config.drafts:
        return "the pull request is a draft"
    labels = {one.casefold() for one in pull.labels}
    skipping = [one for one in config.labels.skip if one.casefold() in labels]
    if skipping:
        return f"the pull request has the label {skipping[0]}"
    required = config.labels.require
    if required and labels.isdisjoint(one.casefold() for one in required):
        return f"the pull request has no label of {', '.join(required)}"
    return ""
