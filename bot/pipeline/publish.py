"""Fifth step: findings onto their lines, the rest into the summary, each once."""

from dataclasses import dataclass
from functools import partial

from bot.pipeline.ports import DeskFor, Posted
from bot.pipeline.reporting import Reporting
from bot.pipeline.state import Artifacts, State
from core.events import schema
from core.events.base import Payload
from core.review.verify import Fate, Judged
from core.runs.part_moves import finding_moved
from core.runs.pipeline import StepContext, StepOutcome


@dataclass(frozen=True, slots=True)
class Publish:
    """Hands what stands to the desk and keeps what came of it."""

    desk_for: DeskFor
    reporting: Reporting
    artifacts: Artifacts
    name: str = "publish"

    async def run(self, context: StepContext) -> StepOutcome:
        """Publish; findings that GitHub already shows are not shown again."""
        state = State.of(context.state)
        judged = await self.artifacts.judged(state)
        report = await self.reporting.report(context.run, state)
        desk = self.desk_for(context.run)
        policy = self.reporting.choices.policy_for(context.run, state.config)
        posted = await desk.publish(
            context.run,
            context.effects,
            report,
            judged,
            state.since,
            policy.max_comments,
        )
        events = [event for one in judged for event in _events(one, posted)]
        return StepOutcome(
            state={
                "comments": dict(posted.comments),
                "summarised": dict(posted.summarised),
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
