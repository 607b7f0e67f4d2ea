"""Tokens of workflows that are refused before anybody is asked for a key."""

import aiohttp
import pytest

from bot.github.signing_keys import SigningKeys
from bot.github.workflow_tokens import WorkflowTokens
from core.errors import WorkflowTokenRefusedError
from tests.fakes.clock import FakeClock

ISSUER = "https://issuer.example"


@pytest.mark.parametrize("token", ["", "a.b", "a\udcff.b.c", "\udc80"])
async def test_what_is_no_token_is_refused_and_no_bug(token: str) -> None:
    """Also bytes that are no text, which a header may hold."""
    clock = FakeClock()
    async with aiohttp.ClientSession() as session:
        keys = SigningKeys(ISSUER, session=session, clock=clock)
        tokens = WorkflowTokens(keys, issuer=ISSUER, audience="us", clock=clock)
        with pytest.raises(WorkflowTokenRefusedError, match="no JSON Web Token"):
            await tokens.verify(token)
