"""Whether a run is heard at GitHub, and what of it nobody has heard."""

from bot.pipeline.review_pipeline import DRY_NAME, SPEAKING
from core.runs.model import Run


def unsaid(run: Run) -> frozenset[str]:
    """Return the steps that a silent run has done without being heard."""
    return frozenset() if speaks(run) else frozenset(SPEAKING)


def may_speak(run: Run) -> bool:
    """Return whether a branch of a run may say anything at GitHub."""
    return run.subject.pull > 0 and run.subject.pipeline != DRY_NAME


def speaks(run: Run) -> bool:
    """Return whether a run says at GitHub what it finds."""
    return run.publish and run.subject.pull > 0
