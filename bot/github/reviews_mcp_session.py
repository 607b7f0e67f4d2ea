"""One conversation with an MCP server: begun, asked, and ended within its times."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.github.reviews_mcp_dialect import Call
from bot.github.reviews_mcp_server import HIDDEN, McpServer, library_loads
from core.errors import McpServerError, UnclearAnswerError

LONGEST_REASON = 300
log = structlog.get_logger("nofx.mcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class McpPolicy:
    """How long a server may take, in seconds."""

    start_seconds: float = 20.0
    call_seconds: float = 30.0
    end_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The tools of a server that was started."""

    names: frozenset[str]
    client: Any = field(repr=False)
    token: str = field(repr=False)
    policy: McpPolicy

    async def call(self, call: Call) -> str | None:
        """Call a tool; return why it refused, None when it says that it did it.

        A refusal may still have been done. Raises UnclearAnswerError when the server
        does not answer at all.
        """
        from mcp import MCPError  # noqa: PLC0415  # 2 s, and loaded by now
        from mcp_types import (  # noqa: PLC0415  # as above
            CONNECTION_CLOSED,
            REQUEST_TIMEOUT,
        )

        try:
            async with asyncio.timeout(self.policy.call_seconds):
                answer = await self.client.call_tool(call.tool, call.arguments)
        except TimeoutError:
            seconds = f"{self.policy.call_seconds:g}"
            reason = f"the server did not answer within {seconds} seconds"
            raise _unclear(call, reason) from None
        except MCPError as error:
            reason = _masked(str(error), self.token)
            if error.code in (CONNECTION_CLOSED, REQUEST_TIMEOUT):
                raise _unclear(call, reason) from None
            return reason
        except Exception as error:  # noqa: BLE001  # whatever a broken pipe raises
            # The cause is dropped: it may carry headers, and with them the token.
            reason = f"the connection broke ({type(error).__name__})"
            raise _unclear(call, reason) from None
        if not answer.is_error:
            return None
        texts = [getattr(part, "text", "") for part in answer.content]
        return _masked(" ".join(texts), self.token) or "it gave no reason"


@asynccontextmanager
async def talking(
    server: McpServer, token: str, policy: McpPolicy
) -> AsyncIterator[Tools]:
    """Start a server, or reach it, and yield its tools; at the end it is stopped.

    Raises McpServerError when it cannot be used; nothing was asked of it then.
    """
    if not await library_loads():
        reason = "the library mcp is missing (pip install 'nofx[mcp]')"
        raise McpServerError(server=server.name, reason=reason)
    began: asyncio.Future[Tools] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()
    # In a task of its own: the library's groups wrap what is raised through them.
    life = asyncio.create_task(_live(server, token, policy, began, over))
    try:
        yield await _begun(server, policy, began)
    finally:
        over.set()
        await _ended(life, policy)


async def _begun(
    server: McpServer, policy: McpPolicy, began: "asyncio.Future[Tools]"
) -> Tools:
    try:
        async with asyncio.timeout(policy.start_seconds):
            return await asyncio.shield(began)
    except TimeoutError:
        reason = f"it did not answer within {policy.start_seconds:g} seconds"
        raise McpServerError(server=server.name, reason=reason) from None


async def _ended(life: "asyncio.Task[None]", policy: McpPolicy) -> None:
    """Wait until the server is stopped, and break off what does not stop."""
    try:
        await asyncio.wait({life}, timeout=policy.end_seconds)
    finally:
        life.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait({life}, timeout=policy.end_seconds)


async def _live(
    server: McpServer,
    token: str,
    policy: McpPolicy,
    began: "asyncio.Future[Tools]",
    over: asyncio.Event,
) -> None:
    from mcp import Client  # noqa: PLC0415  # 2 s, and loaded by now

    try:
        async with AsyncExitStack() as stack:
            try:
                target = await server.target(token, stack)
                client = await stack.enter_async_context(Client(target))
                names = frozenset(tool.name for tool in await _all_tools(client))
            except Exception as error:  # noqa: BLE001  # the library raises many kinds
                began.set_exception(_unusable(server, token, error))
                return
            began.set_result(
                Tools(names=names, client=client, token=token, policy=policy)
            )
            await over.wait()
    except Exception as error:  # noqa: BLE001  # what it did is read back anyway
        reason = _masked(_innermost(error), token)
        log.info("mcp.ended_badly", server=server.name, reason=reason)
        if not began.done():
            began.set_exception(_unusable(server, token, error))


async def _all_tools(client: Any) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            return found


def _unusable(server: McpServer, token: str, error: BaseException) -> McpServerError:
    words = f"{_innermost(error)} {server.last_words(token)}"
    return McpServerError(server=server.name, reason=_masked(words, token))


def _innermost(error: BaseException) -> str:
    """Return the words of the first error inside groups of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


def _masked(text: str, token: str) -> str:
    """Return text as one line without the token, and not endless."""
    return " ".join(text.replace(token, HIDDEN).split())[:LONGEST_REASON]


def _unclear(call: Call, reason: str) -> UnclearAnswerError:
    return UnclearAnswerError(method="MCP", path=call.tool, reason=reason)
