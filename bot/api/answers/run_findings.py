"""What a run found, as the API shows it: with what became of each, and why."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from pydantic import Field

from bot.api.answers.base import Shown
from core.events import schema
from core.events.commit import Commit
from core.review.findings import Finding, Severity, Side
from core.review.verify import Judged


class FindingState(StrEnum):
    """The states of a finding, in the words of its machine."""

    PROPOSED = "proposed"
    VERIFIED = "verified"
    FILTERED = "filtered"
    ANCHORED = "anchored"
    UNANCHORED = "unanchored"
    POSTED = "posted"
    SUMMARISED = "summarised"
    ADDRESSED = "addressed"
    DISPUTED = "disputed"
    DISMISSED = "dismissed"
    WAIVED = "waived"
    OUTDATED = "outdated"


class RunFinding(Shown):
    """One finding of a run."""

    fingerprint: str = Field(description="its name, which it keeps across pushes")
    state: FindingState
    reason: str = Field(description="why it is in this state, as why it was filtered")
    doubt: str = Field(description="what a second look was not sure of; lowers nothing")
    path: str
    side: Side
    start_line: int | None
    line: int
    enclosing: str = Field(description="the definition around it, if one is known")
    severity: Severity
    confidence: float
    rule: str
    title: str
    body: str
    suggestion: str | None
    source: str = Field(description="the analyzer or model that found it")
    comment_id: int | None = Field(description="its comment at GitHub")


class RunFindings(Shown):
    """A run's findings, in the order of the diff."""

    findings: list[RunFinding]


def findings_of(
    judged: Iterable[Judged | Finding],
    states: Mapping[str, str],
    commits: Iterable[Commit],
    comments: Mapping[str, int],
) -> list[RunFinding]:
    """Return findings with what became of them, as far as the run has come.

    `states` and `comments` are by fingerprint. What another run did is not in this
    one's history: there the fate tells, and the comment.
    """
    reasons = _reasons(commits)
    return [_shown(one, states, reasons, comments) for one in judged]


def _shown(
    one: Judged | Finding,
    states: Mapping[str, str],
    reasons: Mapping[str, str],
    comments: Mapping[str, int],
) -> RunFinding:
    finding = one.finding if isinstance(one, Judged) else one
    name = finding.fingerprint
    fate = one.fate.value if isinstance(one, Judged) else "proposed"
    if name in comments:
        fate = "posted"
    why = one.reason if isinstance(one, Judged) else ""
    return RunFinding(
        state=FindingState(states.get(name, fate)),
        reason=reasons.get(name, why),
        doubt=one.doubt if isinstance(one, Judged) else "",
        comment_id=comments.get(name),
        **finding.model_dump(include=set(RunFinding.model_fields)),
    )


def _reasons(commits: Iterable[Commit]) -> dict[str, str]:
    """Return the reason of each finding's last move that gave one."""
    return {
        event.subject: reason
        for commit in commits
        for event in commit.events
        if isinstance(event, schema.FindingMove)
        and (reason := getattr(event, "reason", ""))
    }
