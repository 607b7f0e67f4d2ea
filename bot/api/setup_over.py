"""`GET /setup` of a bot that serves: its App is made, so the page is closed."""

from aiohttp import web

from bot.api.problems import refusal
from core.errors import SetupDoneError


async def setup_is_over(request: web.Request) -> web.StreamResponse:
    """Say that there is nothing to set up, HTTP 410."""
    return refusal(request, SetupDoneError())
