"""Who looks at the pages: whoever signed in with a token, known by a cookie since."""

from urllib.parse import urlsplit

from aiohttp import web

from bot.api.visitors import VISIT as COOKIE
from bot.plain import one_line
from core.access.ticket_desk import TicketDesk
from core.access.tickets import LIVES, Kind
from core.access.tokens import Token
from core.errors import ForeignFormError, TicketRefusedError

LONGEST_ORIGIN = 100
DEFAULT_PORTS = {"http": 80, "https": 443}


class Visits:
    """Begins, recognises and ends visits.

    The cookie goes over https alone where nofx's own address is one; scripts never see
    it, and another site's forms do not carry it.
    """

    def __init__(self, desk: TicketDesk, *, public_url: str | None) -> None:
        self._desk = desk
        self._public = _origin(public_url) if public_url else None

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
        visit = await self._desk.sign_in(secret)
        response.set_cookie(
            COOKIE,
            visit.secret,
            max_age=round(LIVES[Kind.VISIT].total_seconds()),
            httponly=True,
            # A link from GitHub must find who is signed in; forms are checked below.
            samesite="Lax",
            secure=self._public is not None and self._public[0] == "https",
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
        scheme, _, host = origin.partition("://")
        if not host or not self._is_ours(scheme, host, request.host):
            shown = one_line(origin)[:LONGEST_ORIGIN] or "nowhere"
            raise ForeignFormError(origin=shown)

    def _is_ours(self, scheme: str, host: str, asked: str) -> bool:
        """Return whether a page comes from where its form was sent to, or from us.

        Whether people came by https only a proxy knows. Where our own address says so,
        http is somebody else: whoever sits in the network makes pages there.
        """
        if self._public in ((scheme, host), ("https", host)):
            return (scheme, host) == self._public
        return host == asked and scheme in DEFAULT_PORTS


def _origin(url: str) -> tuple[str, str]:
    """Return an address's scheme and host as browsers name them in an origin."""
    parts = urlsplit(url.lower())
    default = f":{DEFAULT_PORTS.get(parts.scheme)}"
    return parts.scheme, parts.netloc.removesuffix(default)
