"""The audit as the API shows it."""

from datetime import datetime

from pydantic import Field

from bot.api.answers.base import Shown
from core.audit.reader import AuditEntry, AuditPage


class AuditLine(Shown):
    """Something that somebody must answer for."""

    position: int
    time: datetime
    actor: str
    action: str
    subject: str
    repository: str | None
    pull: int | None
    reason: str
    facts: dict[str, str | int]
    commit: str = Field(description="the volume and the commit that hold it")
    hash: str = Field(description="of that commit, over everything before it")

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditLine":
        """Return an entry as the API shows it."""
        return cls(
            position=entry.position,
            time=entry.time,
            commit=entry.commit,
            hash=entry.hash,
            **entry.recorded.model_dump(exclude={"type"}),
        )


class AuditList(Shown):
    """Entries of the audit, in their order or the other way round."""

    entries: list[AuditLine]
    next: int | None = Field(
        description="`after` of the next page, or `before` where the newest come first;"
        " null when this is the last. A page may have few entries, or none, and a next."
    )
    head: str = Field(
        description="the end of the chain, `volume:commit:hash`: keep it elsewhere, for"
        " only so it shows when the last entries are taken off"
    )

    @classmethod
    def of(cls, page: AuditPage) -> "AuditList":
        """Return the page as the API shows it."""
        entries = [AuditLine.of(one) for one in page.entries]
        return cls(entries=entries, next=page.next, head=str(page.head))
