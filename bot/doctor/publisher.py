"""The check of the road by which reviews reach GitHub."""

import aiohttp

from bot.doctor.results import Finding, fail, ok, warn
from bot.github.client import GitHubApp
from bot.github.publishing import server_of
from bot.github.reviews_mcp_dialect import dialect_of
from bot.github.reviews_mcp_server import McpServer, RemoteServer
from bot.github.reviews_mcp_session import McpPolicy, talking
from bot.setting_values import PublisherKind
from bot.settings import Settings
from core.clock import Clock

# A program lists its tools for anybody; it asks GitHub nothing before it is told to.
NOBODY = "no-token"
INSTALL = "Install the App in a repository; then ask again."


async def check_publisher(settings: Settings, clock: Clock) -> Finding:
    """Start the MCP server, where one is chosen, and see which tools it has.

    Raises McpServerError and GitHub's errors.
    """
    if settings.publisher is PublisherKind.REST:
        return ok("Reviews go by GitHub's REST API.")
    server = server_of(settings)
    if not isinstance(server, RemoteServer):
        return await _judged(server, NOBODY)
    token = await _some_token(settings, clock)
    if token is None:
        return warn(
            f"{server.name} was not asked: no installation lends it a token.", INSTALL
        )
    return await _judged(server, token)


async def _judged(server: McpServer, token: str) -> Finding:
    async with talking(server, token, McpPolicy()) as tools:
        dialect = dialect_of(tools.names)
    if dialect is None:
        return fail(
            f"{server.name} has no tools for reviews that nofx knows.",
            "Use GitHub's own server, with its toolset pull_requests.",
        )
    return ok(f"{server.name} speaks MCP, and makes reviews by {dialect.name}.")


async def _some_token(settings: Settings, clock: Clock) -> str | None:
    """Return the token of the App's first installation, None without one."""
    if settings.app_id is None or settings.private_key is None:
        return None
    async with aiohttp.ClientSession() as session:
        app = GitHubApp(
            app_id=settings.app_id,
            private_key=settings.private_key.get_secret_value(),
            api_url=settings.github_url,
            session=session,
            clock=clock,
        )
        found = await app.connection.get("/app/installations", per_page=1)
        return await app.installation(int(found[0]["id"])).token() if found else None
