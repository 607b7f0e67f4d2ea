"""`/audit`: who did what with what is confidential."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from bot.api.answers.audit import AuditList
from bot.api.bodies import Moment
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, get
from bot.api.event_query import LAST_POSITION
from core.access.tokens import Scope
from core.audit.reader import AuditFilter, AuditReader

Place = Annotated[int | None, Field(ge=0, le=LAST_POSITION)]
Name = Annotated[str | None, Field(min_length=1, max_length=200)]


class AuditQuery(Incoming):
    """What `GET /audit` can be narrowed by."""

    after: Place = None
    before: Place = None
    order: Literal["asc", "desc"] = "asc"
    limit: int = Field(default=50, ge=1, le=500)
    actor: Name = None
    action: Annotated[
        str | None,
        Field(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$", description="as memory.read"),
    ] = None
    subject: Name = None
    since: Moment | None = Field(
        default=None, description="recorded at this time or later"
    )
    until: Moment | None = Field(default=None, description="recorded before this time")


class AuditEndpoints:
    """Reading the audit: what is about a repository, for who may see that."""

    def __init__(self, reader: AuditReader) -> None:
        self._reader = reader

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                "/audit",
                self.list,
                scope=Scope.SUPERVISE,
                summary="Page through who did what with what is confidential",
                query=AuditQuery,
                answer=AuditList,
            ),
        )

    async def list(self, call: Call[AuditQuery, Nothing]) -> BaseModel:
        """Answer a page of the audit, and where its chain ends."""
        query = call.query
        wanted = AuditFilter(
            actor=query.actor,
            action=query.action,
            subject=query.subject,
            since=query.since,
            until=query.until,
            sees=call.token.sees,
        )
        page = await self._reader.page(
            wanted,
            after=query.after or 0,
            before=query.before,
            newest_first=query.order == "desc",
            limit=query.limit,
        )
        return AuditList.of(page)
