"""Findings across pushes as the API shows them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from bot.api.answers.base import Shown


class FindingDetail(Shown):
    """One finding of a pull request as it stands."""

    id: str
    name: str = Field(description="what commands in comments call it")
    repository: str
    pull: int
    fingerprint: str
    state: str = Field(
        description="posted, summarised or disputed: open; addressed, outdated,"
        " dismissed, waived: not"
    )
    open: bool
    severity: str
    rule: str
    source: str
    by_model: bool
    confidence: float
    path: str
    side: str
    start_line: int | None
    line: int
    title: str
    actor: str | None = Field(description="who moved it, if a person did")
    reason: str
    note: str = Field(description="why it is open though the last review was silent")
    comment_id: int | None
    resolved: bool = Field(description="whether its thread at GitHub is")
    replies: int
    up: int = Field(description="thumbs up under its comment, at the last review")
    down: int
    life: int = Field(description="how often it has come, for it may come back")
    run_id: str
    head_sha: str
    opened_at: datetime
    moved_at: datetime
    revision: int = Field(description="grows when anything of it changes")

    @classmethod
    def of(cls, document: dict[str, Any]) -> "FindingDetail":
        """Return a finding's document as the API shows it."""
        optional = dict.fromkeys(("actor", "comment_id", "start_line"))
        named = {"id": document["_id"], "revision": document["seq"]}
        return cls.model_validate({**optional, **document, **named})


class FindingList(Shown):
    """A pull request's findings, oldest first."""

    findings: list[FindingDetail]
