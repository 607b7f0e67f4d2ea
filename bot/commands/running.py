"""What people say about runs in comments: begin, again, put aside, go on, branch."""

from dataclasses import dataclass

from bot import comments
from bot.commands import run_answers
from bot.commands.grammar import Command, Verb
from bot.commands.run_words import again_of, is_full
from bot.naming import PREFIX
from bot.operations import Begun, Operations
from bot.pipeline.remembered import FULL
from bot.reviews import Reviews, Wish
from bot.webhooks.event_types import CommentEvent
from core.errors import CheckpointNotFoundError, CommandUnclearError
from core.runs.model import Run
from core.runs.service import Runs
from core.runs.states import Status
from core.runs.usage import usage_of

# So many of a pull request's runs are searched for a checkpoint, the newest first.
SEARCHED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommands:
    """Answers about the runs of a pull request; each call may be repeated.

    `site` is where people reach nofx.
    """

    runs: Runs
    reviews: Reviews
    operations: Operations
    site: str | None

    async def answer(self, event: CommentEvent, asked: Command, *, tries: int) -> str:
        """Do what is asked and return the answer; raises as `Operations` does."""
        match asked.verb:
            case Verb.CANCEL:
                return await self._cancel(event)
            case Verb.PAUSE | Verb.RESUME:
                return await self._hold(event, asked, tries=tries)
            case Verb.BRANCH:
                return await self._branch(event, asked)
            case Verb.RERUN if asked.arguments:
                return await self._again(event, asked)
            case Verb.RERUN | Verb.REVIEW:
                return await self._request(event, asked)
            case _:
                return await self._status(event)

    async def _status(self, event: CommentEvent) -> str:
        run = await self._current(event)
        if run is None:
            return comments.status(None)
        used = usage_of(await self.runs.history(run.id)).totals
        return run_answers.status(run, used)

    async def _request(self, event: CommentEvent, asked: Command) -> str:
        full = asked.verb is Verb.REVIEW and is_full(asked.arguments)
        wish = Wish(
            repository=event.repository,
            number=event.number,
            installation_id=event.installation_id,
            request_id=_name(event),
            reason=FULL if full else asked.verb.value,
            requested_by=event.author,
            again=full or asked.verb is Verb.RERUN,
            drafts=True,
        )
        answer = await self.reviews.request(wish)
        if answer.run is None:
            return comments.not_reviewed(answer.reason)
        return (
            comments.queued(answer.run) if answer.fresh else comments.status(answer.run)
        )

    async def _again(self, event: CommentEvent, asked: Command) -> str:
        wanted = again_of(asked.arguments)
        # What an earlier try has begun is not what the person spoke of.
        run = await self._current(event, before=_name(event))
        if run is None:
            return comments.status(None)
        overrides = {} if wanted.model is None else {"model": wanted.model}
        begun = await self.operations.rerun(
            run.id,
            start_at=wanted.start_at,
            actor=event.author,
            reason=_spoken(asked),
            name=_name(event),
            overrides=overrides,
        )
        return run_answers.goes_on(begun.run, begun.steps, model=wanted.model)

    async def _branch(self, event: CommentEvent, asked: Command) -> str:
        if not asked.arguments:
            raise CommandUnclearError(
                reason="a checkpoint or a step is missing",
                usage="branch CHECKPOINT|STEP",
            )
        run = await self._current(event)
        if run is None:
            return comments.status(None)
        begun = await self._branched(event, run, asked)
        return run_answers.branched(begun.run, begun.steps, self.site)

    async def _branched(self, event: CommentEvent, run: Run, asked: Command) -> Begun:
        """Branch from this pull request's runs alone, whoever knows other ids."""
        start_at = asked.arguments[0]
        others = await self.runs.projection.of_pull(event.repository, event.number)
        ids = dict.fromkeys((run.id, *(str(one["_id"]) for one in reversed(others))))
        for run_id in list(ids)[:SEARCHED]:
            try:
                return await self.operations.branch(
                    run_id,
                    start_at,
                    overrides={},
                    publish=False,
                    actor=event.author,
                    reason=_spoken(asked),
                    name=_name(event),
                )
            except CheckpointNotFoundError:
                continue
        raise CheckpointNotFoundError(run_id=run.id, checkpoint_id=start_at)

    async def _hold(self, event: CommentEvent, asked: Command, *, tries: int) -> str:
        """Pause or resume; what an earlier try has done already is done."""
        run = await self._current(event)
        if run is None:
            return comments.status(None)
        pausing = asked.verb is Verb.PAUSE
        if tries > 1 and (run.status is Status.PAUSED) == pausing:
            return run_answers.held(run)
        act = self.operations.pause if pausing else self.operations.resume
        reason = " ".join(asked.arguments) or _spoken(asked)
        return run_answers.held(await act(run.id, actor=event.author, reason=reason))

    async def _cancel(self, event: CommentEvent) -> str:
        run = await self.reviews.cancel(
            event.repository,
            event.number,
            actor=event.author,
            reason=f"cancelled by {event.author}",
        )
        return comments.cancelling(run)

    async def _current(self, event: CommentEvent, *, before: str = "") -> Run | None:
        return await self.runs.current(event.repository, event.number, before=before)


def _name(event: CommentEvent) -> str:
    """Return the name under which a comment begins a run, once."""
    return f"comment/{event.comment_id}"


def _spoken(asked: Command) -> str:
    """Return a command as it was given, for the run's history."""
    return " ".join((PREFIX, asked.verb, *asked.arguments))
