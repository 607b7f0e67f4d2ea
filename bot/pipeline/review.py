"""Third step: rules and then a model read the change and propose findings."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial

from bot.pipeline.memories import Memories
from bot.pipeline.overrides import Choices
from bot.pipeline.remembered import Answers, Remembered, asks_anew
from bot.pipeline.state import Artifacts, State
from bot.plain import counted
from core.events import schema
from core.events.base import Payload
from core.review.bounds import left_out, most_severe
from core.review.coverage import nameable
from core.review.findings import Proposal
from core.review.hunks import Diff
from core.review.report import ReportUsage
from core.review.reviewer import Read, ReviewModel, ReviewRequest, Usage, unwatched
from core.review.verify import identify
from core.runs.pipeline import StepContext, StepOutcome
from core.runs.states import FINDING


@dataclass(frozen=True, slots=True)
class Review:
    """Asks rules and the run's model once, and keeps every remark by its fingerprint.

    What rules say goes to the model, so that it does not say it again. How much was
    read is then told by the model alone.
    """

    choices: Choices
    answers: Answers
    artifacts: Artifacts
    memories: Memories
    name: str = "review"

    async def run(self, context: StepContext) -> StepOutcome:
        """Keep the findings, what was not read, and what the review cost."""
        state = State.of(context.state)
        diff = await self.artifacts.diff(state)
        # Read now, and kept with the run by name alone: what is forgotten stays so.
        wanted = await self.memories.preferences(context.run, fork=state.fork)
        request = ReviewRequest(
            repository=context.run.subject.repository,
            title=state.title,
            description=state.description,
            diff=diff,
            files=await self.artifacts.files(state),
            read=_read(context, diff),
            sightings=await self.artifacts.sightings(state),
            preferences=wanted.preferences,
            config=state.config,
        )
        model = self.choices.model_for(context.run, state.config)
        answers = await self._ask(context, state, model, request)
        name, answer = answers[-1]
        made = [proposal for _, one in answers for proposal in one.proposals]
        proposals = offered(made, fork=state.fork)
        found = identify(proposals, diff)
        findings = most_severe(found)
        missing = state.missing
        if len(findings) < len(found):
            # What nobody is shown was not reviewed, as far as anybody can tell.
            missing = (*missing, ("", left_out(len(findings), len(found))))
        stored = [finding.model_dump(mode="json") for finding in findings]
        digest = await self.artifacts.keep_json(stored)
        proposed = tuple(
            schema.FindingProposed(
                subject=one["fingerprint"],
                transition="propose",
                from_=None,
                to=FINDING.step("propose", None),
                severity=one["severity"],
                finding=one,
            )
            for one in stored
        )
        unread = {**answer.unread, **dict(state.unread)}
        cost = Usage()
        for _, one in answers:
            cost = cost.plus(one.usage)
        usage = ReportUsage.of(name, cost)
        return StepOutcome(
            state={
                "proposals_blob": digest,
                "missing": missing,
                "unread": [pair for pair in unread.items() if nameable(pair[0])],
                "changes": [
                    pair for pair in answer.changes.items() if nameable(pair[0])
                ],
                "usage": usage.model_dump(mode="json"),
                "recalled": [asdict(one) for one in wanted.recalled],
                "decided_by": state.decided_with(
                    model={
                        "name": model.name,
                        "version": model.version,
                        "is_model": model.is_model,
                    }
                ),
            },
            events=(
                *(event for by, one in answers for event in _told(self.name, by, one)),
                *proposed,
            ),
            summary=_summary(len(findings), name, answer),
        )

    async def _ask(
        self,
        context: StepContext,
        state: State,
        model: ReviewModel,
        request: ReviewRequest,
    ) -> list[tuple[str, Remembered]]:
        """Return who answered what; the run's own reviewer comes last."""
        run = context.run
        anew = asks_anew(run, state.config)
        ask = partial(self.answers.review, run_id=run.id, anew=anew)
        rules = self.choices.rules_for(run, state.config)
        if rules is None:
            return [(model.name, await ask(model, request))]
        unwatching = replace(request, read=unwatched)
        first = await ask(rules, unwatching)
        # What stands fast as unread is not sent out either.
        sent = replace(
            request,
            diff=_without(request.diff, dict(state.unread)),
            remarks=first.proposals,
        )
        second = await ask(model, sent)
        return [(rules.name, first), (model.name, second)]


def offered(proposals: Iterable[Proposal], *, fork: bool) -> tuple[Proposal, ...]:
    """Return the proposals; to a fork's author no code is offered for one click."""
    return tuple(
        one.model_copy(update={"suggestion": None}) if fork else one
        for one in proposals
    )


def _read(context: StepContext, diff: Diff) -> Read:
    of = len({file.path for file in diff.files})
    return lambda done: context.progress.told(done, of, "file")


def _without(diff: Diff, hunks: Collection[str]) -> Diff:
    """Return the diff without some of its hunks."""
    return Diff(
        files=tuple(
            patch._replace(
                hunks=tuple(one for one in patch.hunks if one.id not in hunks)
            )
            for patch in diff.files
        )
    )


def _told(step: str, name: str, answer: Remembered) -> Iterator[Payload]:
    """Yield what was asked of the reviewer, and what did not have to be."""
    yield schema.ModelCalled(
        request_model=name,
        step=step,
        **asdict(answer.usage),
        **asdict(answer.recorded),
    )
    if answer.reused:
        yield schema.WorkReused(
            step=step, kind=answer.kind, count=answer.reused, of=answer.count
        )


def _summary(count: int, name: str, answer: Remembered) -> str:
    pieces = counted(answer.count, answer.kind)
    reused = f"; {answer.reused} of {pieces} as before"
    found = counted(count, "finding")
    return f"{found} proposed by {name}{reused if answer.reused else ''}"
