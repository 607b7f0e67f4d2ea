"""Where a run first went another way than the last green one."""

from core.rca.story import StepEnd, Story


def diverging(story: Story) -> tuple[StepEnd, StepEnd | None] | None:
    """Return the first step that came out differently, and ours; None when none did.

    A step that the green run did and ours ended without counts; one of which a digest
    is not known counts by its status.
    """
    if story.green is None:
        return None
    ours = {one.step: one for one in story.steps}
    for theirs in story.green.steps:
        mine = ours.get(theirs.step)
        if mine is None:
            # One that has not ended may still come to it.
            return (theirs, None) if story.run.terminal else None
        both = bool(mine.digest and theirs.digest)
        if mine.status != theirs.status or (both and mine.digest != theirs.digest):
            return theirs, mine
    return None
