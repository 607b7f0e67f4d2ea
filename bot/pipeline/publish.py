"""Fifth step: findings onto their lines, the rest into the summary, each once."""

from dataclasses import dataclass, replace
from functools import partial

from bot.pipeline.ports import DeskFor, Posted
from bot.pipeline.reporting import Reporting
from bot.pipeline.state import Artifacts, State
from bot.pipeline.tracking import Tracking, seen_by
from core.events import schema
from core.events.base import Payload
from core.review.ledger.rules import foreseen
from core.review.verify import Fate, Judged
from core.runs.part_moves import finding_moved
from core.runs.pipeline import StepContext, StepOutcome


@dataclass(frozen=True, slots=True)
class Publish:
    """Hands what stands to the desk and keeps what came of it."""

    desk_for: DeskFor
    reporting: Reporting
    artifacts: Artifacts
    tracking: Tracking
    name: str = "publish"

    async def run(self, context: StepContext) -> StepOutcome:
        """Publish; findings that GitHub already shows are not shown again."""
        state, run = State.of(context.state), context.run
        choices = self.reporting.choices
        model = choices.model_for(run, state.config)
        seen = await seen_by(
            run, state, self.artifacts, model.name if model.is_model else None
        )
        known = await self.tracking.known(run)
        remarks = await self.tracking.remarks(run, context.effects, known)
        seen = replace(seen, remarks=remarks)
        said = foreseen(known, seen)
        report = await self.reporting.report(run, state, said)
        judged = [
            one
            for one in seen.judged
            if one.finding.fingerprint not in set(said.settled)
        ]
        posted = await self.desk_for(run).publish(
            run,
            context.effects,
            report,
            tuple(judged),
            state.since,
            choices.policy_for(run, state.config).max_comments,
        )
        if not posted.stale:
            done = replace(seen, comments=posted.comments, summarised=posted.summarised)
            await self.tracking.settle(run, context.effects, done)
        events = [event for one in judged for event in _events(one, posted)]
        return StepOutcome(
            state={
                "comments": dict(posted.comments),
                "summarised": dict(posted.summarised),
                "settled": list(said.settled),
                "decided_by": state.decided_with(ledger=said.model_dump(mode="json")),
            },
            events=tuple(events),
            summary=posted.words,
        )


def _events(judged: Judged, posted: Posted) -> tuple[Payload, ...]:
    name = judged.finding.fingerprint
    move = partial(finding_moved, severity=judged.finding.severity)
    if name in posted.comments:
        comment = posted.comments[name]
        return (move(schema.FindingPosted, name, "anchored", comment_id=comment),)
    if name not in posted.summarised:
        return ()
    why = posted.summarised[name]
    summarised = move(schema.FindingSummarised, name, "unanchored", reason=why)
    if judged.fate is Fate.ANCHORED:
        demoted = move(schema.FindingDemoted, name, "anchored", reason=why)
        return demoted, summarised
    return (summarised,)
