"""What other runs tell of this one: an error seen before, and the last green run."""

from collections import Counter
from collections.abc import Iterator, Sequence

from core.events import schema
from core.rca.cause import Cause, Confidence, Evidence
from core.rca.causes.faults import first, shown
from core.rca.divergence import diverging
from core.rca.story import Before, Story
from core.rca.words import counted, listed, said
from core.runs.states import Status

MOST_RUNS = 4


def seen_before(story: Story) -> Iterator[Cause]:
    """Find earlier runs with an error of the same fingerprint: where, and their ends.

    Always only possible: it gives a setting to the other causes.
    """
    ours = {one.failure.fingerprint for one in first(story)} - {""}
    same = [one for one in story.before if one.fingerprint in ours]
    found = sorted(same or story.before, key=lambda one: one.created_at, reverse=True)
    if not found:
        return
    yield Cause(
        name="seen_before",
        sentence=(
            f"{'This error' if same else 'An error of this run'} ended tries of "
            f"{counted(len(found), 'earlier run')} ({_where(story, found)}): "
            f"{_ends(found)}."
        ),
        confidence=Confidence.POSSIBLE,
        next_action=(
            f"Compare with the newest of them, "
            f"`nofx runs show {said(found[0].run_id, 60)}`. {_helped(found)}"
        ),
        evidence=(
            *(one.evidence for one in first(story)[:1]),
            *(
                Evidence(
                    words=(
                        f"run {said(one.run_id, 60)} of {said(one.repository, 80)}"
                        f"#{one.pull}, {one.created_at:%Y-%m-%d %H:%M} UTC: "
                        f"{one.status}"
                        f"{f', {said(one.outcome)}' if one.outcome else ''}"
                    )
                )
                for one in found[:MOST_RUNS]
            ),
        ),
        began_at=found[-1].created_at,
    )


def diverged(story: Story) -> Iterator[Cause]:
    """Find the first step that came out otherwise than in the last green run.

    Always only possible, and not told of a run that succeeded itself.
    """
    green, found = story.green, diverging(story)
    if green is None or found is None or story.run.status is Status.SUCCEEDED:
        return
    theirs, mine = found
    step = said(theirs.step, 60)
    what = listed((said(one.words, 120) for one in green.diverged), most=2)
    how = f"it is {said(mine.status, 40)}" if mine else "it was not done"
    same = "this pull request" if green.same_pull else "this repository"
    yield Cause(
        name="diverged",
        sentence=(
            f"Since run {said(green.run_id, 60)}, the last green one of {same}, step "
            f"{step} is the first that came out differently: here "
            f"{what or how}."
        ),
        confidence=Confidence.POSSIBLE,
        next_action=(
            f"Compare the two: `nofx diff {said(green.run_id, 60)} {story.run.id}`."
        ),
        evidence=tuple(
            shown(told, f"step {step} here")
            for told in story.told
            if isinstance(told.event, schema.StepMove)
            and told.event.subject == theirs.step
            and not isinstance(told.event, schema.StepStarted)
        )[-1:],
        began_at=story.run.created_at,
    )


def _where(story: Story, found: Sequence[Before]) -> str:
    here = (story.run.subject.repository, story.run.subject.pull)
    same = sum(1 for one in found if (one.repository, one.pull) == here)
    others = sorted({one.repository for one in found} - {here[0]})
    parts = [f"{same} of this pull request" if same else ""]
    elsewhere = len(found) - same
    if elsewhere:
        away = f", also in {listed((said(one, 80) for one in others), 2)}"
        parts.append(f"{elsewhere} of others{away if others else ''}")
    return ", ".join(filter(None, parts))


def _ends(found: Sequence[Before]) -> str:
    counts = Counter(one.status for one in found)
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))


def _helped(found: Sequence[Before]) -> str:
    green = sum(1 for one in found if one.status == Status.SUCCEEDED)
    if green:
        return f"Trying again helped in {green} of {len(found)}."
    return "Trying again helped in none of them."
