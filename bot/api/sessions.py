"""`/sessions`: what is remembered, by its facts; contents only when asked for."""

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from bot.api.answers.sessions import ItemDetail, ItemList, SessionDetail, SessionList
from bot.api.bodies import Moment, Repository
from bot.api.endpoint import Call, Endpoint, Incoming, Nothing, get
from bot.api.plaintext import Plaintext
from bot.memory import MemoryParts
from core.access.tokens import Scope, Token
from core.audit.service import Audit
from core.errors import (
    CursorError,
    ItemNotFoundError,
    MemoryKeyError,
    MemoryOffError,
    NofxError,
    SessionNotFoundError,
)
from core.events import schema
from core.events.journal import Journal
from core.memory.browsing import Browser
from core.memory.lister import SessionLister
from core.memory.listing import SessionFilter
from core.memory.model import Facts, Kind, ScopeKind, Session, State, stream_of
from core.store.positions import position_in

PATH = "/sessions/{session_id}"
MOST_PULLS = 2**31 - 1
LAST_SEQ = 2**31 - 1
LOGIN = r"^[A-Za-z0-9][A-Za-z0-9_.\[\]-]{0,99}$"
OPENING = (MemoryOffError, MemoryKeyError)
PARTS: dict[str, tuple[Collection[Kind], str]] = {
    "messages": (
        (Kind.MESSAGE, Kind.SUMMARY),
        "Page through what was said, and summaries of it",
    ),
    "workspace": ((Kind.SNAPSHOT,), "Page through the trees of files that were read"),
    "preferences": ((Kind.PREFERENCE,), "Page through what people want, as it was set"),
}


class SessionQuery(Incoming):
    """What `GET /sessions` can be narrowed by; contents are not searched."""

    state: State = Field(default="live", description="ended ones only tell that")
    kind: ScopeKind | None = Field(default=None, description="what they belong to")
    repo: Repository | None = None
    pull: int | None = Field(
        default=None, ge=0, le=MOST_PULLS, description="of the repository in `repo`"
    )
    actor: Annotated[
        str | None, Field(pattern=LOGIN, description="whose own they are")
    ] = None
    author: Annotated[
        str | None, Field(pattern=LOGIN, description="who wrote something in them")
    ] = None
    held: bool | None = None
    expiring_before: Moment | None = None
    updated_since: Moment | None = None
    cursor: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,200}$",
        description="`next` of the page before",
    )
    limit: int = Field(default=50, ge=1, le=100)

    @field_validator("pull")
    @classmethod
    def _has_a_repository(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("repo", ...) is None:
            raise ValueError("name its repository in `repo`")
        return value

    def filter(self, token: Token) -> SessionFilter:
        """Return what is wanted and may be seen."""
        return SessionFilter(
            state=self.state,
            kind=self.kind,
            repository=self.repo,
            pull=self.pull,
            actor=self.actor and self.actor.lower(),
            author=self.author and self.author.lower(),
            held=self.held,
            expiring_before=self.expiring_before,
            updated_since=self.updated_since,
            sees=token.sees,
        )


class ItemQuery(Incoming):
    """Which page of a session's items is wanted, and whether to open them."""

    after: int = Field(default=0, ge=0, le=LAST_SEQ)
    limit: int = Field(default=50, ge=1, le=100)
    decrypt: bool = Field(
        default=False,
        description="with the contents; the audit says that you read them",
    )


class SessionEndpoints:
    """Reading sessions."""

    def __init__(
        self,
        browser: Browser,
        *,
        lister: SessionLister,
        memory: MemoryParts,
        audit: Audit,
        journal: Journal,
    ) -> None:
        self._browser = browser
        self._lister = lister
        self._memory = memory
        self._audit = audit
        self._journal = journal

    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]:
        """Return what is answered here."""
        return (
            get(
                "/sessions",
                self.list,
                scope=Scope.SUPERVISE,
                summary="List sessions by their facts, newest first",
                query=SessionQuery,
                answer=SessionList,
                refusals=(CursorError,),
            ),
            get(
                PATH,
                self.show,
                scope=Scope.SUPERVISE,
                summary="Show what is known of a session without opening it",
                query=Nothing,
                answer=SessionDetail,
                refusals=(SessionNotFoundError,),
                etag=etag_of,
            ),
            *(self._part(name, summary) for name, (_, summary) in PARTS.items()),
            get(
                f"{PATH}/items/{{seq}}",
                self.item,
                scope=Scope.SUPERVISE,
                summary="Open one item; the audit says that you read it",
                query=Nothing,
                answer=ItemDetail,
                refusals=(SessionNotFoundError, ItemNotFoundError, *OPENING),
            ),
        )

    def _part(self, name: str, summary: str) -> Endpoint[Any, Any]:
        refusals: tuple[type[NofxError], ...] = (SessionNotFoundError, *OPENING)
        act: Callable[[Call[ItemQuery, Nothing]], Awaitable[BaseModel]] = partial(
            self.items, name
        )
        return get(
            f"{PATH}/{name}",
            act,
            scope=Scope.SUPERVISE,
            summary=summary,
            query=ItemQuery,
            answer=ItemList,
            refusals=refusals,
        )

    async def list(self, call: Call[SessionQuery, Nothing]) -> BaseModel:
        """Answer a page of sessions."""
        query = call.query
        after = position_in(query.cursor) if query.cursor else None
        wanted = query.filter(call.token)
        page = await self._lister.page(wanted, after=after, limit=query.limit)
        return SessionList.of(page)

    async def show(self, call: Call[Any, Any]) -> BaseModel:
        """Answer what is known of a session."""
        session = await self.seen(call)
        commits = await self._journal.read(stream_of(session.id))
        redactions = sum(
            isinstance(event, schema.MemoryRedactionRequested)
            for commit in commits
            for event in commit.events
        )
        return SessionDetail.of(session, redactions=redactions)

    async def items(self, name: str, call: Call[ItemQuery, Nothing]) -> BaseModel:
        """Answer a page of one part of a session."""
        query, (kinds, _) = call.query, PARTS[name]
        session = await self.seen(call)
        page = await self._browser.page(
            session, kinds, after=query.after, limit=query.limit
        )
        contents = None
        if query.decrypt:
            seqs = [one.seq for one in page.items if _has_content(one)]
            contents = await self._plaintext().read(
                session, seqs, actor=call.actor, what=name
            )
        return ItemList.of(session.id, page, contents)

    async def item(self, call: Call[Nothing, Nothing]) -> BaseModel:
        """Answer one item with its content."""
        session = await self.seen(call)
        facts = await self._browser.item(session, int(call.path["seq"]))
        seqs = [facts.seq] if _has_content(facts) else []
        found = await self._plaintext().read(
            session, seqs, actor=call.actor, what="item"
        )
        return ItemDetail.of(facts, found.get(facts.seq))

    async def seen(self, call: Call[Any, Any]) -> Session:
        """Return the session in the path, if the caller may see it."""
        return await self._browser.session(call.path["session_id"], call.token.sees)

    def _plaintext(self) -> Plaintext:
        return Plaintext(self._memory.opened(), self._audit)


def _has_content(facts: Facts) -> bool:
    return facts.erased is None and facts.kind is not Kind.MARKER


def etag_of(answer: BaseModel) -> str:
    """Return the version that an answer shows, in quotes."""
    return f'"{answer.revision}"' if isinstance(answer, SessionDetail) else '""'
