"""Who looks at the pages: whoever signed in with a token, known by a cookie since."""

from urllib.parse import urlsplit

from aiohttp import web

from bot.api.visitors import VISIT as COOKIE
from core.access.ticket_desk import TicketDesk
from core.access.tickets import LIVES, Kind
from core.access.tokens import Token
from core.errors import ForeignFormError, TicketRefusedError

LONGEST_ORIGIN = 100


class Visits:
    """Begins, recognises and ends visits.

    The cookie goes over https alone where nofx's own address is one; scripts never see
    it, and another site's forms do not carry it.
    """

    def __init__(self, desk: TicketDesk, *, public_url: str | None) -> None:
        self._desk = desk
        self._public = urlsplit(public_url or "")

    async def token_of(self, request: web.Request) -> Token | None:
        """Return the token of who is signed in, as it is now."""
        try:
            return await self._desk.recognise(
                request.cookies.get(COOKIE, ""), Kind.VISIT
            )
        except TicketRefusedError:
            return None

    async def begin(self, secret: str, response: web.Response) -> None:
        """Sign in with a token's secret; raises TokenRefusedError."""
        visit = await self._desk.sign_in(secret.strip())
        response.set_cookie(
            COOKIE,
            visit.secret,
            max_age=round(LIVES[Kind.VISIT].total_seconds()),
            httponly=True,
            # A link from GitHub must find who is signed in; forms are checked below.
            samesite="Lax",
            secure=self._public.scheme == "https",
        )

    async def end(self, request: web.Request, response: web.Response) -> None:
        """Sign out."""
        await self._desk.sign_out(request.cookies.get(COOKIE, ""))
        response.del_cookie(COOKIE)

    def check_origin(self, request: web.Request) -> None:
        """Raise ForeignFormError unless one of our own pages sent this form.

        Every browser of today names the origin of a form that it posts.
        """
        origin = request.headers.get("Origin", "")
        if urlsplit(origin).netloc not in {request.host, self._public.netloc or None}:
            shown = origin[:LONGEST_ORIGIN] or "nowhere"
            raise ForeignFormError(origin=shown)
