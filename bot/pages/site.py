"""Review Center on the site: who is signed in, which page, what a form does."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp import web

from bot.api.problems import BUG, headers_of, incident, status_of
from bot.api.rca import RcaFiles
from bot.api.requests import IDS
from bot.api.site import endpoints_of
from bot.base import Base
from bot.operations import Operations
from bot.pages import page
from bot.pages.asking import Looker
from bot.pages.forms import fields_of
from bot.pages.run_page import MOVES
from bot.pages.runs import RunPages
from bot.pages.visits import Visits
from bot.plain import one_line
from core.errors import NofxError, PageNotFoundError, TokenRefusedError
from core.metrics.handler_cpu import handled
from core.metrics.handlers import HANDLERS

HOME = "/center/runs"
SIGN_IN = "/center/sign-in"
LARGEST_NEXT = 300
# The pages of runs, as they stand in a header: no line ends there.
INSIDE = re.compile(r"/center/runs(?:[/?][!-~]*)?")
Act = Callable[[web.Request, Looker], Awaitable[web.Response]]
log = structlog.get_logger()


class ReviewCenter:
    """Answers the pages; each shows what the API would answer to who looks.

    `web_url` is where people see the GitHub that runs are of, `public_url` where they
    reach this nofx, if that is known.
    """

    def __init__(
        self,
        base: Base,
        operations: Operations,
        files: RcaFiles,
        *,
        web_url: str,
        public_url: str | None,
    ) -> None:
        self._base = base
        self._endpoints = endpoints_of(base, operations)
        self._visits = Visits(base.tickets, public_url=public_url)
        self._pages = RunPages(files, clock=base.clock, ids=base.ids, web_url=web_url)

    def add_routes(self, app: web.Application) -> None:
        """Serve the pages on `app`."""
        pages, run = self._pages, f"{HOME}/{{run_id}}"
        point = f"{run}/checkpoints/{{checkpoint_id}}"
        self._add(app, "GET", HOME, pages.listed)
        self._add(app, "GET", run, pages.shown)
        self._add(app, "GET", f"{run}/report", pages.report)
        self._add(app, "POST", f"{run}/report", pages.ask_for_report)
        self._add(app, "GET", f"{run}/log", pages.log)
        self._add(app, "GET", point, pages.checkpoint)
        self._add(app, "GET", f"{point}/diff", pages.diff)
        self._add(app, "POST", f"{point}/branch", pages.branch)
        self._add(app, "POST", f"{run}/gates/{{gate}}/{{decision}}", pages.decide)
        self._add(app, "POST", f"{run}/rerun", pages.rerun)
        for move in MOVES:
            self._add(app, "POST", f"{run}/{move}", partial(pages.move, move))
        for method, path, answer in (
            ("GET", SIGN_IN, self._ask_in),
            ("POST", SIGN_IN, self._sign_in),
            ("POST", "/center/sign-out", self._sign_out),
        ):
            _route(app, method, path, self._guarded(answer))
        app.router.add_get("/center", _home)
        app.router.add_get("/center/", _home)
        app.router.add_get("/", _home)
        app.router.add_get("/center/static/{name}", _static)
        app.router.add_get("/center/{rest:.*}", self._guarded(_nothing))

    def _add(self, app: web.Application, method: str, path: str, act: Act) -> None:
        name = f"page:{method} {path}"
        HANDLERS.allow(name)

        async def answer(request: web.Request) -> web.Response:
            return await handled(name, self._seen(act, request))

        _route(app, method, path, self._guarded(answer))

    async def _seen(self, act: Act, request: web.Request) -> web.Response:
        token = await self._visits.token_of(request)
        if token is None:
            reads = request.method != "POST"
            wanted = _inside(request.path_qs) if reads else _back(request)
            return _other(f"{SIGN_IN}?next={quote(wanted, safe='')}")
        looker = Looker(
            token=token, endpoints=self._endpoints, mask=self._base.masker.mask
        )
        return await act(request, looker)

    def _guarded(
        self, answer: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Check where a form comes from, and tell of what goes wrong on a page."""

        async def guarded(request: web.Request) -> web.Response:
            try:
                if request.method == "POST":
                    self._visits.check_origin(request)
                return await answer(request)
            except web.HTTPException:
                raise
            except Exception as error:  # noqa: BLE001  # told, or logged with its trace
                return self._refused(request, error)

        return guarded

    def _refused(self, request: web.Request, error: Exception) -> web.Response:
        status = status_of(type(error)) if isinstance(error, NofxError) else BUG
        values: dict[str, Any] = {"back": _back(request), "token": None}
        if isinstance(error, NofxError) and status != BUG:
            said, hint = str(error), error.way_out
            values["headers"] = headers_of(error, status)
        else:
            number = incident(request, error, self._base.ids)
            said = "Something unexpected happened inside nofx."
            hint = f"Please report it with what the log has for {number}."
        return page.page("refused", status=status, said=said, hint=hint, **values)

    async def _ask_in(self, request: web.Request) -> web.Response:
        wanted = _inside(request.query.get("next", ""))
        if await self._visits.token_of(request) is not None:
            return _other(wanted)
        return page.page("sign_in", next=wanted, problem=None, token=None)

    async def _sign_in(self, request: web.Request) -> web.Response:
        form = await fields_of(request)
        wanted = _inside(form.get("next", ""))
        response = _other(wanted)
        try:
            await self._visits.begin(form.get("token", ""), response)
        except TokenRefusedError as error:
            return page.page(
                "sign_in", status=401, next=wanted, problem=error, token=None
            )
        return response

    async def _sign_out(self, request: web.Request) -> web.Response:
        response = _other(SIGN_IN)
        await self._visits.end(request, response)
        return response


def _route(
    app: web.Application,
    method: str,
    path: str,
    answer: Callable[[web.Request], Awaitable[web.Response]],
) -> None:
    """Answer a path; whatever is shown can be asked after by HEAD, as links are."""
    if method == "GET":
        app.router.add_get(path, answer)
    else:
        app.router.add_route(method, path, answer)


def _other(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path, **page.HEADERS})


async def _home(_: web.Request) -> web.Response:
    return _other(HOME)


async def _nothing(request: web.Request) -> web.Response:
    raise PageNotFoundError(path=one_line(request.path)[:LARGEST_NEXT])


async def _static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if not page.is_static(name):
        raise web.HTTPNotFound
    return page.static(name)


def _inside(path: str) -> str:
    """Return where to go after signing in: one of our pages, and nowhere else."""
    known = len(path) <= LARGEST_NEXT and INSIDE.fullmatch(path)
    return path if known else HOME


def _back(request: web.Request) -> str:
    """Return the page of the run in the path, or the list where it was asked for."""
    run_id = request.match_info.get("run_id", "")
    page_of_it = f"{HOME}/{run_id}"
    known = re.fullmatch(IDS["run_id"].pattern, run_id)
    return page_of_it if known and request.path != page_of_it else HOME
