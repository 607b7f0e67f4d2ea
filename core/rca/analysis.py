"""What a run's story amounts to: its outcome, its causes by rank, what changed."""

from dataclasses import replace

from core.rca.cause import Analysis, Cause
from core.rca.causes import RULES
from core.rca.causes.fallback import nothing_failed, unknown
from core.rca.changed import changed
from core.rca.outcome import outcome
from core.rca.ranking import ranked
from core.rca.story import Story
from core.rca.timeline import timeline
from core.rca.words import said
from core.review.sanitize import clean_line
from core.runs.states import Status

LONGEST = 1000


def analyse(story: Story) -> Analysis:
    """Return the analysis of a story: the same for the same story."""
    green, causes = story.green, _causes(story)
    return Analysis(
        outcome=outcome(story, causes),
        causes=causes,
        timeline=timeline(story),
        changed=changed(story),
        against=green.run_id if green is not None else "",
    )


def _causes(story: Story) -> tuple[Cause, ...]:
    found = ranked(cause for rule in RULES.values() for cause in rule(story))
    if not found:
        succeeded = story.run.status is Status.SUCCEEDED
        found = (nothing_failed(story) if succeeded else unknown(story),)
    return tuple(_of_one_line(cause) for cause in found)


def _of_one_line(cause: Cause) -> Cause:
    """Return the cause with texts of one line each, whoever's words are in them."""
    return replace(
        cause,
        sentence=said(cause.sentence, LONGEST),
        next_action=said(cause.next_action, LONGEST),
        evidence=tuple(
            replace(one, words=said(one.words, 300), place=clean_line(one.place))
            for one in cause.evidence
        ),
    )
