"""Asks the API's own endpoints for the pages, with the token of who looks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from bot.api.question import Question, answer
from bot.api.serving import AnyEndpoint
from core.access.tokens import Token
from core.errors import NofxError

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[T]):
    """A part of a page, or why it is not there."""

    found: T | None = None
    refused: NofxError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """Whoever looks: what may be seen and done is what the token allows.

    So a page shows nothing that a call would not answer, and does nothing that a call
    would refuse.
    """

    token: Token
    endpoints: Sequence[AnyEndpoint]
    mask: Callable[[str], str]

    async def get(
        self,
        path: str,
        kind: type[T],
        *,
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> T:
        """Return what a call that reads answers; raises what it raises."""
        found = await self._ask("GET", path, ids=ids, query=query)
        if not isinstance(found, kind):
            raise TypeError(f"GET {path} answers {type(found).__name__}")
        return found

    async def part(self, path: str, kind: type[T], run_id: str) -> Part[T]:
        """Return one part of a run; a part that cannot be had spoils no page."""
        try:
            return Part(found=await self.get(path, kind, ids={"run_id": run_id}))
        except NofxError as error:
            return Part(refused=error)

    async def post(
        self, path: str, *, ids: Mapping[str, str], body: Mapping[str, Any]
    ) -> BaseModel:
        """Do what a call does, and return its answer; raises what it raises."""
        return await self._ask("POST", path, ids=ids, body=body)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> BaseModel:
        question = Question(
            method=method,
            path=path,
            actor=f"token:{self.token.prefix}",
            ids=ids or {},
            query=query or {},
            body=body or {},
            token=self.token,
        )
        return await answer(self.endpoints, question, self.mask)
