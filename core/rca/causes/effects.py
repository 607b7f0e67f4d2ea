"""What became of the writes to GitHub: unclear ones, and comments without a line."""

import re
from collections.abc import Iterator

from core.events import schema
from core.rca.cause import Cause, Confidence
from core.rca.causes.blame import Blame, again, blamed, surest
from core.rca.causes.faults import Fault, shown
from core.rca.story import Story, Told
from core.rca.words import counted, listed, said, sentence, times
from core.runs.states import Status

# A comment that was never sent, for one review carries no more.
NOT_SENT = "one review carries at most"
ON_A_LINE = re.compile(r"/pulls/[0-9]+/(?:reviews|comments)$")
LINES = re.compile(r"\b(?:line|position|path|diff|hunk|side)\b", re.IGNORECASE)


def unclear_write(story: Story) -> Iterator[Cause]:
    """Find a write of which nobody knew whether GitHub had done it.

    Certain when it failed its step, likely when the step was not done after it,
    possible when it was: it was read back, and stands once.
    """
    blame = Blame(
        name="unclear_write",
        matches=lambda fault: fault.code == "unclear_answer",
        sentence=lambda fault: sentence(
            f"It was unclear whether GitHub had done "
            f"{fault.fact('method', 'a')} {fault.fact('path', 'write')} "
            f"{fault.where}: {fault.fact('reason', 'the answer was lost')}"
        ),
        next_action=lambda fault: (
            f"Look at the pull request for what stands there, and at "
            f"https://www.githubstatus.com; {again(story, fault.step)} reads back "
            f"before it writes again."
        ),
    )
    return surest(blamed(story, blame), _read_back(story))


def anchor_rejected(story: Story) -> Iterator[Cause]:
    """Find that GitHub took no comment on the lines of findings.

    Certain when it failed the step, or the run succeeded with such findings in its
    summary alone; possible when the run came to grief over something else.
    """
    blame = Blame(
        name="anchor_rejected",
        matches=_on_a_line,
        sentence=lambda fault: sentence(
            f"GitHub refused {fault.fact('method')} {fault.fact('path')} with 422 "
            f"{fault.where}, for a comment's line is not in its diff: "
            f"{fault.fact('reason')}"
        ),
        next_action=lambda fault: (
            f"Compare the findings' lines with the diff as GitHub shows it now; after "
            f"a push the next run has the new lines, else {again(story, fault.step)}."
        ),
        explains=frozenset({"github_invalid"}),
    )
    return surest(blamed(story, blame), _demoted(story))


def _on_a_line(fault: Fault) -> bool:
    return (
        fault.code == "github_invalid"
        and bool(ON_A_LINE.search(fault.fact("path")))
        and bool(LINES.search(fault.fact("reason")))
    )


def _demoted(story: Story) -> Iterator[Cause]:
    found = [one for one in story.told if _refusal(one)]
    if not found:
        return
    reasons = listed((said(_refusal(one), 120) for one in found), most=2)
    done = story.run.status is Status.SUCCEEDED
    yield Cause(
        name="anchor_rejected",
        sentence=sentence(
            f"GitHub took no comment on the lines of {counted(len(found), 'finding')}, "
            f"which stand in the summary instead: {reasons}"
        ),
        confidence=Confidence.CERTAIN if done else Confidence.POSSIBLE,
        next_action=(
            "Read them in the summary; if the lines are in GitHub's diff, report it "
            "with effects/exchanges.ndjson of the bundle."
        ),
        evidence=tuple(
            shown(one, f"finding {said(_subject(one), 60)}: {said(_refusal(one))}")
            for one in found[:5]
        ),
        began_at=found[0].time,
    )


def _refusal(told: Told) -> str:
    event = told.event
    if not isinstance(event, schema.FindingDemoted):
        return ""
    return "" if event.reason.startswith(NOT_SENT) else event.reason


def _subject(told: Told) -> str:
    return told.event.subject if isinstance(told.event, schema.FindingMove) else ""


def _read_back(story: Story) -> Iterator[Cause]:
    """Yield what a holder read back of its own; that of a lost one tells nothing."""
    intended: dict[str, Told] = {}
    found: list[Told] = []
    for told in story.told:
        event = told.event
        if isinstance(event, schema.RunStateChanged) and event.transition == "claim":
            intended.clear()
        elif isinstance(event, schema.EffectIntended):
            intended[event.subject] = told
        elif isinstance(event, schema.EffectReconciled) and event.subject in intended:
            found.append(told)
    if not found:
        return
    first = found[0].event
    key = said(first.subject, 60) if isinstance(first, schema.EffectMove) else ""
    there = isinstance(first, schema.EffectReconciled) and first.transition == "find"
    yield Cause(
        name="unclear_write",
        sentence=(
            f"GitHub's answer to the write {key} was lost; read back, it was "
            f"{'there' if there else 'missing, and was made again'}"
            f"{f' ({times(len(found))} in this run)' if len(found) > 1 else ''}."
        ),
        confidence=Confidence.POSSIBLE,
        next_action="Nothing: it stands once. Look at the network if it recurs.",
        evidence=tuple(shown(one, "read back at GitHub") for one in found[:5]),
        began_at=found[0].time,
    )
