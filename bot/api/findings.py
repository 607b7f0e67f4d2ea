"""`/repos/…/findings` and `/findings/{finding_id}`: what was found, across pushes."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from bot.api.answers.findings import FindingDetail, FindingList
from bot.api.bodies import Why
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, get
from core.access.tokens import Scope
from core.audit.service import Audit
from core.errors import (
    FindingMovedError,
    FindingNotFoundError,
    IllegalTransitionError,
    RepositoryNotFoundError,
)
from core.events import schema
from core.review.ledger.model import Entry
from core.review.ledger.service import Findings, Word
from core.store.database import Document

PATH = "/findings/{finding_id}"
State = Literal[
    "posted", "summarised", "disputed", "addressed", "outdated", "dismissed", "waived"
]
WORDS: Mapping[str, Word] = {
    "dismissed": schema.FindingDismissed,
    "resolved": schema.FindingAddressed,
    "disputed": schema.FindingDisputed,
}


class FindingQuery(Incoming):
    """What a pull request's findings can be narrowed by."""

    state: State | None = None
    open: bool | None = Field(
        default=None, description="whether they still stop the change"
    )


class FindingBody(Incoming):
    """What somebody says of a finding, and why; it is kept with who said it."""

    state: Literal["dismissed", "resolved", "disputed"]
    reason: Annotated[Why, Field(min_length=1)]


class FindingEndpoints:
    """Reading findings, and deciding about them."""

    def __init__(self, findings: Findings, audit: Audit) -> None:
        self._findings = findings
        self._audit = audit

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                "/repos/{owner}/{repo}/pulls/{number}/findings",
                self.list,
                summary="List what was found in a pull request, across its pushes",
                query=FindingQuery,
                answer=FindingList,
                refusals=(RepositoryNotFoundError,),
            ),
            get(
                PATH,
                self.show,
                summary="Show one finding and what became of it",
                query=Nothing,
                answer=FindingDetail,
                refusals=(FindingNotFoundError,),
                etag=_etag,
            ),
            Endpoint(
                method="PATCH",
                path=PATH,
                scope=Scope.OPERATE,
                summary="Dismiss, resolve or dispute a finding, with the reason",
                act=self.decide,
                answer=FindingDetail,
                query=Nothing,
                body=FindingBody,
                refusals=(
                    FindingNotFoundError,
                    IllegalTransitionError,
                    FindingMovedError,
                ),
                current=self.show,
                conditional=True,
                etag=_etag,
            ),
        )

    async def list(self, call: Call[FindingQuery, Nothing]) -> BaseModel:
        """Answer the findings of a pull request; none where it was never reviewed."""
        repository = f"{call.path['owner']}/{call.path['repo']}"
        if not call.token.sees(repository):
            raise RepositoryNotFoundError(repository=repository)
        found = await self._findings.listed(repository, int(call.path["number"]))
        query = call.query
        wanted = [
            FindingDetail.of(one)
            for one in found
            if query.state in {None, one["state"]} and query.open in {None, one["open"]}
        ]
        return FindingList(findings=wanted)

    async def show(self, call: Call[Any, Any]) -> BaseModel:
        """Answer one finding."""
        return FindingDetail.of(await self._seen(call))

    async def decide(self, call: Call[Nothing, FindingBody]) -> BaseModel:
        """Record what is said of it; said again it changes nothing."""
        document = await self._seen(call)

        def check(entry: Entry) -> None:
            if not call.if_match.allows(f'"{entry.seq}"'):
                raise FindingMovedError(finding=document["_id"], revision=entry.seq)

        entry = await self._findings.say(
            document["repository"],
            document["pull"],
            document["fingerprint"],
            WORDS[call.body.state],
            actor=call.actor,
            reason=call.body.reason,
            check=check,
        )
        await self._audit.record(
            schema.AuditRecorded(
                actor=call.actor,
                action=f"finding.{entry.state}",
                subject=document["_id"],
                repository=document["repository"],
                pull=document["pull"],
                reason=call.body.reason,
            )
        )
        return await self.show(call)

    async def _seen(self, call: Call[Any, Any]) -> Document:
        finding = call.path["finding_id"]
        document = await self._findings.get(finding)
        if not call.token.sees(str(document["repository"])):
            raise FindingNotFoundError(finding=finding)
        return document


def _etag(answer: BaseModel) -> str:
    """Return the version that an answer shows, in quotes."""
    return f'"{answer.revision}"' if isinstance(answer, FindingDetail) else '""'
