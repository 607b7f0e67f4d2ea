"""What happens to findings, from proposal to comment."""

from typing import ClassVar, Literal

from core.events.base import JSON, Move


class FindingMove(Move):
    """A finding moves; `subject` is its fingerprint."""

    machine: ClassVar[str] = "finding"


class FindingProposed(FindingMove):
    """A reviewer made a remark; `finding` is the whole of it."""

    transitions: ClassVar[frozenset[str]] = frozenset({"propose"})
    type: Literal["finding.proposed"] = "finding.proposed"
    finding: JSON


class FindingJudged(FindingMove):
    """A check let the finding through, put it aside, or found its place in the diff."""

    transitions: ClassVar[frozenset[str]] = frozenset(
        {"verify", "filter", "anchor", "unanchor"}
    )
    type: Literal["finding.judged"] = "finding.judged"
    reason: str = ""


class FindingPublished(FindingMove):
    """GitHub shows the finding, as a line comment or in the summary."""

    transitions: ClassVar[frozenset[str]] = frozenset({"post", "demote", "summarise"})
    type: Literal["finding.published"] = "finding.published"
    comment_id: int | None = None
    reason: str = ""
