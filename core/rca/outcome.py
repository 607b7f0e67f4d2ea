"""How a run stands, in one sentence."""

from collections.abc import Mapping, Sequence

from core.rca.cause import NOTHING_FAILED, Cause
from core.rca.story import Story
from core.rca.words import lasting, said, sentence
from core.runs.gates import in_state
from core.runs.states import STOPPED, Status

# `why` is the reason that was given, `check` what the check run says.
WORDS: Mapping[Status, str] = {
    Status.QUEUED: "The run waits for a worker, {after} after it began",
    Status.RUNNING: "The run is being worked, {after} after it began",
    Status.RETRY_WAIT: "The run was put off and is tried again, {after} after it began",
    Status.WAITING_GATE: "The run waits for a person, {after} after it began",
    Status.GATE_FAILED: "A gate failed, and holds the run up after {after}{why}",
    Status.PAUSED: "The run is paused, {after} after it began{why}",
    Status.CANCELLING: "The run is being cancelled, {after} after it began{why}",
    Status.CANCELLED: "The run was cancelled after {after}{why}",
    Status.SUCCEEDED: "The run succeeded after {after}{check}{fine}",
    Status.FAILED: "The run failed after {after}{why}",
    Status.DEAD: "The run was given up after {after}{why}",
}


def outcome(story: Story, causes: Sequence[Cause]) -> str:
    """Return one sentence on how the run ended, or where it stands.

    That nothing failed is said when no cause tells of something that did.
    """
    run = story.run
    unhurt = all(one.name == NOTHING_FAILED for one in causes)
    fine = unhurt and not in_state(run.gates, STOPPED)
    words = WORDS[run.status].format(
        after=lasting((run.finished_at or story.as_of) - run.created_at),
        why=f": {said(run.outcome, 300)}" if run.outcome else "",
        fine="; nothing failed" if fine else "",
        check=f", and its check says {run.conclusion}" if run.conclusion else "",
    )
    return sentence(words)
