"""Third step: the reviewer reads the change and proposes findings."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass

from bot.pipeline.overrides import Choices
from bot.pipeline.state import Artifacts, State
from core.events import schema
from core.review.bounds import left_out, most_severe
from core.review.coverage import nameable
from core.review.findings import BODY, TITLE, Proposal
from core.review.report import ReportUsage
from core.review.reviewer import ReviewAnswer, ReviewRequest
from core.review.verify import identify
from core.runs.pipeline import StepContext, StepOutcome
from core.runs.states import FINDING


@dataclass(frozen=True, slots=True)
class Review:
    """Asks the reviewer once and keeps every remark under its fingerprint."""

    choices: Choices
    mask: Callable[[str], str]
    artifacts: Artifacts
    name: str = "review"

    async def run(self, context: StepContext) -> StepOutcome:
        """Keep the findings, what was not read, and what the review cost."""
        state = State.of(context.state)
        diff = await self.artifacts.diff(state)
        request = ReviewRequest(
            repository=context.run.subject.repository,
            title=state.title,
            description=state.description,
            diff=diff,
            files=await self.artifacts.files(state),
        )
        model = self.choices.model_for(context.run)
        answer = await model.review(request)
        proposals = await asyncio.to_thread(self._masked, answer)
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
            },
            events=(_called(model.name, answer), *proposed),
            summary=f"{len(findings)} findings proposed by {model.name}",
        )

    def _masked(self, answer: ReviewAnswer) -> tuple[Proposal, ...]:
        """Return the proposals without the secrets that a reviewer may have quoted.

        A suggestion is code that someone will apply: one with a secret in it is dropped
        rather than changed.
        """
        return tuple(
            one.model_copy(
                update={
                    "title": self.mask(one.title)[:TITLE],
                    "body": self.mask(one.body)[:BODY],
                    "suggestion": one.suggestion
                    if one.suggestion and self.mask(one.suggestion) == one.suggestion
                    else None,
                }
            )
            for one in answer.proposals
            if nameable(one.path)
        )


def _called(name: str, answer: ReviewAnswer) -> schema.ModelCalled:
    return schema.ModelCalled(request_model=name, **asdict(answer.usage))
