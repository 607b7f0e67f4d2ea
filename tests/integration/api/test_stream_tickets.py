"""A browser's page listens by a ticket that works once, and comes back by a cookie."""

import asyncio
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest

from bot.api.visitors import COOKIE
from core.access.ticket_desk import TicketDesk
from core.access.ticket_store import COLLECTION, TicketStore
from core.access.tokens import Scope, digest_of
from core.errors import TicketRefusedError
from core.store.database import Database
from tests.fakes.api import ApiStage, api_stage
from tests.fakes.clock import FakeClock
from tests.fakes.streaming import feeding, happen, listening


async def ticket(api: ApiStage, **rights: object) -> str:
    """Ask for a ticket as a server that renders the page would."""
    secret = await api.token(**rights) if rights else None  # type: ignore[arg-type]  # as given
    made = await api.ask("/events/tickets", method="POST", secret=secret)
    assert made.status == 200
    assert made.body["url"] == f"/events/stream?ticket={made.body['ticket']}"
    return str(made.body["ticket"])


async def test_a_page_listens_and_comes_back_to_the_same_address(api: ApiStage) -> None:
    """An EventSource sends no header, and keeps the address that it was given."""
    async with feeding(api):
        await happen(api, "x/1", range(1, 4))
        path = f"/events/stream?after=1&ticket={await ticket(api)}"
        async with listening(api, path, secret="") as page:
            await page.until_told(2)
        # The client of the test has kept the cookie, as a browser does.
        async with listening(api, path, secret="", last_id="2") as page:
            await page.until_told(1)
            assert page.positions == [3]


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(
    api: ApiStage,
) -> None:
    """It is opaque, and the database knows its digest alone."""
    path = f"/events/stream?ticket={await ticket(api)}"
    async with listening(api, path, secret="") as page:
        shown = SimpleCookie(page.response.headers["Set-Cookie"])[COOKIE]
    assert shown["httponly"] is True
    assert (shown["samesite"], shown["path"]) == ("Strict", "/")
    assert not shown["secure"]
    assert 0 < int(shown["max-age"]) <= 12 * 3600
    (kept,) = await api.base.database.db[COLLECTION].find({}).to_list(None)
    assert kept["_id"] == digest_of(shown.value)
    assert shown.value not in str(kept)


async def test_behind_https_the_cookie_is_for_https_alone(database: Database) -> None:
    """NOFX_PUBLIC_URL says which it is."""
    async with api_stage(database, public_url="https://nofx.example") as api:
        path = f"/events/stream?ticket={await ticket(api)}"
        async with listening(api, path, secret="") as page:
            shown = SimpleCookie(page.response.headers["Set-Cookie"])[COOKIE]
            assert shown["secure"] is True


async def test_a_ticket_works_once_even_for_two_at_the_same_moment(
    api: ApiStage,
) -> None:
    """The winner is who took it out of the database."""
    secret = await ticket(api)
    desk = api.base.tickets
    tries = (desk.redeem(secret) for _ in range(8))
    ended = await asyncio.gather(*tries, return_exceptions=True)
    refused = [one for one in ended if isinstance(one, TicketRefusedError)]
    assert len(refused) == 7


@pytest.mark.parametrize("shown", ["", "nofxt_short", "nofxt_" + "a" * 43, "\udcff"])
async def test_what_is_no_ticket_is_refused(api: ApiStage, shown: str) -> None:
    """The refusal says where to get one."""
    with pytest.raises(TicketRefusedError, match="not known"):
        await api.base.tickets.redeem(shown)


async def test_a_used_ticket_without_its_cookie_is_a_401(api: ApiStage) -> None:
    """Whoever finds the address in a log can do nothing with it."""
    secret = await ticket(api)
    await api.base.tickets.redeem(secret)

    refused = await api.ask(f"/events/stream?ticket={secret}", secret="")

    assert (refused.status, refused.body["code"]) == (401, "ticket_refused")
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


async def test_a_session_is_no_ticket_and_no_token(api: ApiStage) -> None:
    """A cookie opens streams, and nothing else."""
    _, session = await api.base.tickets.redeem(await ticket(api))
    cookies = {COOKIE: session.secret}

    async with listening(api, secret="", cookies=cookies) as page:
        assert page.response.status == 200
    assert (await api.ask("/runs", secret="", cookies=cookies)).status == 401
    assert (await api.ask("/runs", secret=session.secret)).status == 401
    address = f"/events/stream?ticket={session.secret}"
    api.client.session.cookie_jar.clear()
    assert (await api.ask(address, secret="")).status == 401


async def test_a_ticket_sees_what_its_token_sees(api: ApiStage) -> None:
    """And a run that the token may not see is not there."""
    async with feeding(api):
        run_id = await api.stage.ask()
        mine = await ticket(api, repositories=["other/*"])
        path = f"/runs/{run_id}/events/stream?ticket={mine}"
        assert (await api.ask(path, secret="")).status == 404


async def test_tickets_and_sessions_end(api: ApiStage) -> None:
    """A ticket after a minute, a session after twelve hours, both with their token."""
    clock = FakeClock(start=api.base.clock.now())
    desk = TicketDesk(TicketStore(api.base.database), api.base.tokens, clock=clock)
    tokens = api.base.tokens
    lasting = (await tokens.create([Scope.READ])).token
    brief = (await tokens.create([Scope.READ], life=timedelta(hours=1))).token

    late = (await desk.issue(lasting)).secret
    _, mine = await desk.redeem((await desk.issue(lasting)).secret)
    _, short = await desk.redeem((await desk.issue(brief)).secret)
    assert short.expires_at == brief.expires_at
    await clock.advance(61)
    with pytest.raises(TicketRefusedError, match="expired"):
        await desk.redeem(late)
    assert await desk.recognise(mine.secret) == lasting
    await clock.advance(12 * 3600)
    with pytest.raises(TicketRefusedError, match="expired"):
        await desk.recognise(mine.secret)


async def test_what_a_revoked_token_made_is_refused(api: ApiStage) -> None:
    """A ticket is worth what its token is worth when it is shown."""
    token = (await api.base.tokens.create([Scope.READ])).token
    desk = api.base.tickets
    unused = (await desk.issue(token)).secret
    _, session = await desk.redeem((await desk.issue(token)).secret)
    await api.base.tokens.revoke(token.prefix)

    for shown in (desk.redeem(unused), desk.recognise(session.secret)):
        with pytest.raises(TicketRefusedError, match="revoked"):
            await shown
