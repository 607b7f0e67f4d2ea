"""What a run's story amounts to: its outcome, its causes by rank, what changed."""

from core.rca.cause import Analysis, Cause
from core.rca.causes import RULES
from core.rca.causes.fallback import nothing_failed, unknown
from core.rca.changed import changed
from core.rca.outcome import outcome
from core.rca.ranking import ranked
from core.rca.story import Story
from core.rca.timeline import timeline
from core.runs.states import Status


def analyse(story: Story) -> Analysis:
    """Return the analysis of a story: the same for the same story."""
    green = story.green
    return Analysis(
        outcome=outcome(story),
        causes=_causes(story),
        timeline=timeline(story),
        changed=changed(story),
        against=green.run_id if green is not None else "",
    )


def _causes(story: Story) -> tuple[Cause, ...]:
    found = ranked(cause for rule in RULES.values() for cause in rule(story))
    if found:
        return found
    succeeded = story.run.status is Status.SUCCEEDED
    return (nothing_failed(story) if succeeded else unknown(story),)
