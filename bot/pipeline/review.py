"""Third step: the reviewer reads the change and proposes findings."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from bot.pipeline.memories import Memories
from bot.pipeline.overrides import Choices
from bot.pipeline.remembered import KIND, Answers, Remembered
from bot.pipeline.state import Artifacts, State
from bot.plain import counted
from core.events import schema
from core.events.base import Payload
from core.review.bounds import left_out, most_severe
from core.review.coverage import nameable
from core.review.hunks import Diff
from core.review.report import ReportUsage
from core.review.reviewer import Read, ReviewRequest
from core.review.verify import identify
from core.runs.pipeline import StepContext, StepOutcome
from core.runs.states import FINDING


@dataclass(frozen=True, slots=True)
class Review:
    """Asks the reviewer once and keeps every remark under its fingerprint."""

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
        )
        model = self.choices.model_for(context.run)
        answer = await self.answers.review(model, request, context.run.id)
        found = identify(answer.proposals, diff)
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
        usage = ReportUsage.of(model.name, answer.usage)
        return StepOutcome(
            state={
                "proposals_blob": digest,
                "missing": missing,
                "unread": [pair for pair in unread.items() if nameable(pair[0])],
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
            events=(*_told(self.name, model.name, answer), *proposed),
            summary=_summary(len(findings), model.name, answer),
        )


def _read(context: StepContext, diff: Diff) -> Read:
    of = len({file.path for file in diff.files})
    return lambda done: context.progress.told(done, of, KIND)


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
            step=step, kind=KIND, count=answer.reused, of=answer.files
        )


def _summary(count: int, name: str, answer: Remembered) -> str:
    reused = f"; {answer.reused} of {counted(answer.files, 'file')} as before"
    found = counted(count, "finding")
    return f"{found} proposed by {name}{reused if answer.reused else ''}"
