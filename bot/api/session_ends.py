"""`/sessions/{session_id}/…`: what keeps a session, renews it, and ends it."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, field_validator

from bot.api.answers.sessions import SessionDetail, SessionEnded
from bot.api.bodies import ReasonGiven
from bot.api.endpoint import Call, Endpoint, Nothing, post
from bot.api.sessions import LAST_SEQ, PATH, SessionEndpoints, etag_of
from bot.memory import MemoryParts
from core.access.tokens import Scope
from core.errors import (
    HoldNotFoundError,
    ItemNotFoundError,
    MemoryKeyError,
    MemoryOffError,
    MortalWishError,
    PreconditionError,
    SessionHeldError,
    SessionMovedError,
    SessionNotFoundError,
)
from core.memory.browsing import Browser
from core.memory.model import Session
from core.store.slices import BEFORE_ALL

MOST_ITEMS = 1000
ALWAYS = (SessionNotFoundError, MemoryOffError, MortalWishError, SessionMovedError)
LAST_YEAR = 9000


class HoldBody(ReasonGiven):
    """What is to be kept: some items, else the whole session."""

    kind: Literal["legal", "pinned"]
    items: Annotated[
        tuple[Annotated[int, Field(ge=1, le=LAST_SEQ)], ...],
        Field(max_length=MOST_ITEMS, description="their numbers; none for all"),
    ] = ()


class RenewBody(ReasonGiven):
    """When the session is to end instead."""

    until: AwareDatetime

    @field_validator("until")
    @classmethod
    def _can_be_stored(cls, value: AwareDatetime) -> AwareDatetime:
        if not BEFORE_ALL.year <= value.year < LAST_YEAR:
            raise ValueError(f"the year must be before {LAST_YEAR}")
        return value


class SessionEnds:
    """Holds, renewals and ends; each is in the audit with who did it and why.

    They also reach a session that is over and has not been erased yet.
    """

    def __init__(
        self, sessions: SessionEndpoints, browser: Browser, memory: MemoryParts
    ) -> None:
        self._sessions = sessions
        self._browser = browser
        self._memory = memory

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            post(
                f"{PATH}/holds",
                self.hold,
                scope=Scope.SUPERVISE,
                summary="Keep a session, or some items, from being erased",
                body=HoldBody,
                answer=SessionDetail,
                refusals=(*ALWAYS, ItemNotFoundError),
            ),
            post(
                f"{PATH}/holds/{{hold_id}}/release",
                self.release,
                scope=Scope.SUPERVISE,
                summary="Take a hold off; what is over gets time for its alerts",
                body=ReasonGiven,
                answer=SessionDetail,
                refusals=(*ALWAYS, HoldNotFoundError),
            ),
            Endpoint(
                method="POST",
                path=f"{PATH}/renew",
                scope=Scope.SUPERVISE,
                summary="Let a session end at another time; its alerts begin anew",
                act=self.renew,
                answer=SessionDetail,
                query=Nothing,
                body=RenewBody,
                refusals=ALWAYS,
                current=self._sessions.show,
                conditional=True,
                etag=etag_of,
            ),
            Endpoint(
                method="DELETE",
                path=PATH,
                scope=Scope.SUPERVISE,
                summary="Erase a session for good, now",
                act=self.end,
                answer=SessionEnded,
                query=Nothing,
                body=ReasonGiven,
                refusals=(*ALWAYS, SessionHeldError, MemoryKeyError),
                current=self._sessions.show,
                conditional=True,
            ),
        )

    async def hold(self, call: Call[Nothing, HoldBody]) -> BaseModel:
        """Keep what is named."""
        session = await self._known(call)
        await self._memory.mortal().hold(
            session.id,
            kind=call.body.kind,
            reason=call.body.reason,
            actor=call.actor,
            items=call.body.items,
        )
        return await self._sessions.show(call)

    async def release(self, call: Call[Nothing, ReasonGiven]) -> BaseModel:
        """Take a hold off."""
        session = await self._known(call)
        await self._memory.mortal().release(
            session.id,
            call.path["hold_id"],
            actor=call.actor,
            reason=call.body.reason,
        )
        return await self._sessions.show(call)

    async def renew(self, call: Call[Nothing, RenewBody]) -> BaseModel:
        """Put the end off, or hasten it."""
        session = await self._known(call)
        await self._memory.mortal().renew(
            session.id,
            until=call.body.until,
            actor=call.actor,
            reason=call.body.reason,
        )
        return await self._sessions.show(call)

    async def end(self, call: Call[Nothing, ReasonGiven]) -> BaseModel:
        """Erase all of it."""
        session = await self._known(call)
        await self._memory.mortal().end(
            session.id, actor=call.actor, reason=call.body.reason
        )
        ended = await self._memory.store.get(session.id)
        if ended is None:
            raise SessionNotFoundError(session_id=session.id)
        return SessionEnded.of(ended)

    async def _known(self, call: Call[Any, Any]) -> Session:
        """Return the session in the path, if the caller has seen it as it is."""
        sees = call.token.sees
        session = await self._browser.known(call.path["session_id"], sees)
        if not call.if_match.allows(session.etag):
            raise PreconditionError(session_id=session.id, revision=session.revision)
        return session
