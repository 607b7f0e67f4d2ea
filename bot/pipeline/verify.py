"""Fourth step: which findings stand, by code, then by a second look at a model's."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from bot.pipeline.overrides import Choices
from bot.pipeline.remembered import asks_anew
from bot.pipeline.second_looks import KIND, Looked, SecondLooks
from bot.pipeline.state import Artifacts, Pairs, State
from bot.plain import counted
from core.events import schema
from core.events.base import Payload
from core.review.findings import Finding
from core.review.hunks import Diff
from core.review.report import ReportUsage
from core.review.reviewer import ReviewModel, ReviewRequest, Usage
from core.review.suggestions import objection
from core.review.verify import Fate, Judged, Look, judge, settle
from core.runs.model import Run
from core.runs.part_moves import finding_moved
from core.runs.pipeline import StepContext, StepOutcome

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Verify:
    """Filters by policy and places the rest; what is filtered stays inspectable.

    What a model found is put to it again, to be refuted; what rules found is not.
    """

    choices: Choices
    looks: SecondLooks
    artifacts: Artifacts
    name: str = "verify"

    async def run(self, context: StepContext) -> StepOutcome:
        """Keep every finding with its fate."""
        state = State.of(context.state)
        stored = await self.artifacts.json(state.proposals_blob)
        findings = [Finding.model_validate(one) for one in stored]
        policy = self.choices.policy_for(context.run, state.config)
        model = self.choices.model_for(context.run, state.config)
        diff = await self.artifacts.diff(state)
        files = await self.artifacts.files(state)
        source = model.name if model.is_model else None
        first = await asyncio.to_thread(judge, findings, diff, policy, model=source)
        looked = await self._look(context.run, state, model, diff, files, first)
        unoffered = await asyncio.to_thread(_unoffered, first, files)
        made = looked.verification
        look = Look(
            refuted=made.refuted,
            joined=made.joined,
            unsure=made.unsure,
            unoffered=unoffered,
        )
        judged = settle(first, look)
        digest = await self.artifacts.keep_json(
            [one.model_dump(mode="json") for one in judged]
        )
        moves = [event for one in judged for event in _events(one)]
        return StepOutcome(
            state={
                "judged_blob": digest,
                "refuted": _pairs(made.refuted),
                "joined": _pairs(made.joined),
                "unsure": _pairs(made.unsure),
                "unseen": _pairs(made.unseen),
                "unoffered": _pairs(unoffered),
                "usage": _together(state, model, made.usage),
                "decided_by": state.decided_with(policy=asdict(policy)),
            },
            events=(*_told(self.name, model, looked), *moves),
            summary=_summary(judged, looked),
        )

    async def _look(  # what a request is made from
        self,
        run: Run,
        state: State,
        model: ReviewModel,
        diff: Diff,
        files: Files,
        judged: Sequence[Judged],
    ) -> Looked:
        findings = [
            one.finding
            for one in judged
            if one.fate is Fate.ANCHORED and one.finding.source == model.name
        ]
        # Title and description are left out: only the code may refute.
        request = ReviewRequest(
            repository=run.subject.repository,
            title="",
            description="",
            diff=diff,
            files=files,
            config=state.config,
            spent=state.usage.usage if state.usage else Usage(),
        )
        return await self.looks.look(
            model,
            request,
            findings if model.is_model else (),
            run.id,
            anew=asks_anew(run, state.config),
        )


def _unoffered(judged: Sequence[Judged], files: Files) -> dict[str, str]:
    """Return the reasons against suggestions that nobody should be offered."""
    return {
        one.finding.fingerprint: reason
        for one in judged
        if one.fate is not Fate.FILTERED
        and (reason := objection(one.finding, _shown(one), files)) is not None
    }


def _shown(judged: Judged) -> tuple[int, int]:
    line = judged.line or judged.finding.line
    if judged.fate is not Fate.ANCHORED:
        return judged.finding.start_line or line, line
    return judged.start_line or line, line


def _pairs(reasons: Mapping[str, str]) -> Pairs:
    return tuple(sorted(reasons.items()))


def _together(state: State, model: ReviewModel, usage: Usage) -> object:
    before = state.usage or ReportUsage(model=model.name)
    whole = ReportUsage.of(before.model, before.usage.plus(usage))
    return whole.model_dump(mode="json")


def _told(step: str, model: ReviewModel, looked: Looked) -> Iterator[Payload]:
    """Yield what was asked of the model, and what did not have to be."""
    if looked.recorded is not None:
        yield schema.ModelCalled(
            request_model=model.name,
            step=step,
            **asdict(looked.verification.usage),
            **asdict(looked.recorded),
        )
    if looked.reused:
        yield schema.WorkReused(
            step=step, kind=KIND, count=looked.reused, of=looked.files
        )


def _summary(judged: Sequence[Judged], looked: Looked) -> str:
    fates = Counter(one.fate for one in judged)
    words = ", ".join(f"{count} {fate}" for fate, count in sorted(fates.items()))
    if unseen := looked.verification.unseen:
        reason = next(iter(unseen.values()))
        words += f"; no second look at {counted(len(unseen), 'finding')}: {reason}"
    return words or "nothing to verify"


def _events(judged: Judged) -> tuple[Payload, ...]:
    name, why = judged.finding.fingerprint, judged.reason
    move = partial(finding_moved, severity=judged.finding.severity)
    if judged.fate is Fate.FILTERED:
        return (move(schema.FindingFiltered, name, "proposed", reason=why),)
    verified = move(schema.FindingVerified, name, "proposed")
    if judged.fate is Fate.ANCHORED:
        return verified, move(schema.FindingAnchored, name, "verified")
    return verified, move(schema.FindingUnanchored, name, "verified", reason=why)
