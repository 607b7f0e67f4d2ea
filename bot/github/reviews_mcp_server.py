"""Where an MCP server is: a command on this machine, or an address."""

import asyncio
import shlex
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

from typing_extensions import override

TOOLSETS = "pull_requests"
PUBLIC = "api.github.com"
LAST_WORDS = 300
HIDDEN = "***"


class McpServer(Protocol):
    """A server that can be talked to with an installation's token."""

    @property
    def name(self) -> str:
        """Return what people call it, without any secret."""
        ...

    async def target(self, token: str, stack: AsyncExitStack) -> Any:
        """Return what the library's `Client` takes; `stack` ends what it needs."""
        ...

    def last_words(self, token: str) -> str:
        """Return the end of what it wrote beside its answers, without the token."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandServer(McpServer):
    """A program that speaks MCP on its standard input and output.

    `command` is split as a shell would; `github_url` is the REST root of its GitHub.
    It gets the token in its environment, and nothing else of ours. What is written by
    programs that run at once is kept apart by their tokens, for only its own is masked.
    """

    command: str
    github_url: str
    _said: dict[str, IO[str]] = field(default_factory=dict, repr=False)

    @property
    @override
    def name(self) -> str:
        return self.command

    @override
    async def target(self, token: str, stack: AsyncExitStack) -> Any:
        from mcp.client.stdio import (  # noqa: PLC0415  # 2 s: who needs no MCP pays none
            StdioServerParameters,
            stdio_client,
        )

        program, *arguments = shlex.split(self.command)
        said = stack.enter_context(
            tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  # the stack
        )
        self._said[token] = said
        stack.callback(self._said.pop, token, None)
        parameters = StdioServerParameters(
            command=program,
            args=arguments,
            env={
                "GITHUB_PERSONAL_ACCESS_TOKEN": token,
                "GITHUB_TOOLSETS": TOOLSETS,
                **_host(self.github_url),
            },
        )
        return stdio_client(parameters, errlog=said)

    @override
    def last_words(self, token: str) -> str:
        said = self._said.get(token)
        if said is None or said.closed:
            return ""
        said.seek(0)
        # Masked before it is cut: half a token would not be known for one.
        return said.read().replace(token, HIDDEN)[-LAST_WORDS:].strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteServer(McpServer):
    """A server at an https address; the token goes there as a bearer's."""

    url: str

    @property
    @override
    def name(self) -> str:
        return self.url

    @override
    async def target(self, token: str, stack: AsyncExitStack) -> Any:
        from mcp.client.streamable_http import (  # noqa: PLC0415  # 2 s, as above
            streamable_http_client,
        )
        from mcp.shared._httpx_utils import (  # noqa: PLC0415  # 2 s, as above
            create_mcp_http_client,
        )

        headers = {"Authorization": f"Bearer {token}", "X-MCP-Toolsets": TOOLSETS}
        client = await stack.enter_async_context(create_mcp_http_client(headers))
        return streamable_http_client(self.url, http_client=client)

    @override
    def last_words(self, token: str) -> str:
        return ""


async def library_loads() -> bool:
    """Import the library in a thread, for it takes 2 s; False where it is missing."""

    def load() -> bool:
        try:
            import mcp  # noqa: F401, PLC0415  # an extra, and slow
        except ImportError:
            return False
        return True

    return await asyncio.to_thread(load)


def _host(github_url: str) -> dict[str, str]:
    """Return where the server finds its GitHub; it knows github.com itself."""
    parts = urlsplit(github_url)
    host = parts.netloc
    if host == PUBLIC:
        return {}
    # A tenant of GitHub's own cloud has its API on a host beside it.
    if host.endswith(".ghe.com"):
        host = host.removeprefix("api.")
    return {"GITHUB_HOST": f"{parts.scheme}://{host}"}
