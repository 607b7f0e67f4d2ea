"""`/sessions/{session_id}/redactions`: what was said is taken out, everywhere."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from bot.api.answers.redactions import RedactionDetail, RedactionList
from bot.api.bodies import ReasonGiven
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, get
from bot.api.sessions import LAST_SEQ, PATH, SessionEndpoints
from bot.memory import MemoryParts
from core.access.tokens import Scope
from core.errors import (
    MemoryKeyError,
    MemoryOffError,
    PreconditionError,
    RedactionNotFoundError,
    RedactionTargetError,
    SessionHeldError,
    SessionMovedError,
    SessionNotFoundError,
)
from core.memory.patterns import LONGEST
from core.memory.redaction_rules import (
    MessageTarget,
    PatternTarget,
    SpanTarget,
    Target,
)

REDACTIONS = f"{PATH}/redactions"
LAST_CHARACTER = 2**20
Seq = Annotated[int, Field(ge=1, le=LAST_SEQ, description="the item's number")]
Place = Annotated[int, Field(ge=0, le=LAST_CHARACTER)]


class MessageBody(Incoming):
    """One item that goes whole."""

    seq: Seq


class SpanBody(Incoming):
    """Characters of one text in an item, from `start` to before `end`."""

    seq: Seq
    pointer: str = Field(
        max_length=1000,
        description="which text in the content, as a JSON pointer (RFC 6901)",
        examples=["/text"],
    )
    start: Place
    end: Place


class PatternBody(Incoming):
    """What a pattern matches in any text of any item of the session."""

    syntax: Literal["RE2"] = "RE2"
    pattern: str = Field(min_length=1, max_length=LONGEST)


class TargetBody(Incoming):
    """What is to go: one of the three."""

    message: MessageBody | None = None
    span: SpanBody | None = None
    pattern: PatternBody | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in self.model_fields_set) != 1:
            raise ValueError("give one of message, span and pattern")
        return self

    def target(self) -> Target:
        """Return what is meant; raises RedactionTargetError."""
        match self.message or self.span or self.pattern:
            case MessageBody(seq=seq):
                return MessageTarget(seqs=(seq,))
            case SpanBody() as span:
                return SpanTarget(**span.model_dump())
            case PatternBody(pattern=pattern):
                return PatternTarget(pattern=pattern)
            case None:
                raise RedactionTargetError(reason="nothing is named")


class RedactionBody(ReasonGiven):
    """What is to go, and why; it cannot be brought back."""

    target: TargetBody
    dry_run: bool = Field(
        default=False, description="only say what would go; the audit tells of it"
    )
    override_hold: bool = Field(
        default=False, description="also what is held; the reason says why"
    )


class RedactionEndpoints:
    """Asking for redactions, and seeing how far they are."""

    def __init__(self, sessions: SessionEndpoints, memory: MemoryParts) -> None:
        self._sessions = sessions
        self._memory = memory

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            Endpoint(
                method="POST",
                path=REDACTIONS,
                scope=Scope.SUPERVISE,
                summary="Take something out of a session, and of all made from it",
                act=self.request,
                answer=RedactionDetail,
                query=Nothing,
                body=RedactionBody,
                refusals=(
                    SessionNotFoundError,
                    RedactionTargetError,
                    SessionHeldError,
                    SessionMovedError,
                    MemoryOffError,
                    MemoryKeyError,
                ),
                current=self._sessions.show,
                conditional=True,
            ),
            get(
                REDACTIONS,
                self.list,
                scope=Scope.SUPERVISE,
                summary="List what was taken out of a session, and what is to go",
                query=Nothing,
                answer=RedactionList,
                refusals=(SessionNotFoundError, MemoryOffError),
            ),
            get(
                f"{REDACTIONS}/{{redaction_id}}",
                self.show,
                scope=Scope.SUPERVISE,
                summary="Show how far a redaction is, place by place",
                query=Nothing,
                answer=RedactionDetail,
                refusals=(
                    SessionNotFoundError,
                    RedactionNotFoundError,
                    MemoryOffError,
                ),
            ),
        )

    async def request(self, call: Call[Nothing, RedactionBody]) -> BaseModel:
        """Take something out, or say what would go."""
        session = await self._sessions.seen(call)
        if not call.if_match.allows(session.etag):
            raise PreconditionError(session_id=session.id, revision=session.revision)
        body = call.body
        redaction = await self._memory.redactions().request(
            session.id,
            body.target.target(),
            reason=body.reason,
            actor=call.actor,
            dry_run=body.dry_run,
            override_hold=body.override_hold,
            revision=session.revision if call.if_match.is_given else None,
        )
        return RedactionDetail.of(redaction)

    async def list(self, call: Call[Nothing, Nothing]) -> BaseModel:
        """Answer a session's redactions."""
        session = await self._sessions.seen(call)
        found = await self._memory.redactions().of(session.id)
        made = [RedactionDetail.of(one) for one in found]
        return RedactionList(session_id=session.id, redactions=made)

    async def show(self, call: Call[Nothing, Nothing]) -> BaseModel:
        """Answer one redaction."""
        session = await self._sessions.seen(call)
        found = await self._memory.redactions().get(
            session.id, call.path["redaction_id"]
        )
        return RedactionDetail.of(found)
