"""The pages of runs, and what their forms do."""

from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web
from pydantic import BaseModel

from bot.api.answers.begun import BegunDetail
from bot.api.answers.checkpoints import CheckpointDetail
from bot.api.answers.logs import RunLogs
from bot.api.answers.runs import RunPage as Listed
from bot.api.endpoint import Written
from bot.api.rca import RcaFiles
from bot.api.requests import check_scope, path_of
from bot.pages import page, wording
from bot.pages.asking import Looker
from bot.pages.forms import fields_of
from bot.pages.run_page import PATH, gathered
from core.access.tokens import Scope
from core.clock import Clock, Ids
from core.errors import InputError
from core.runs.states import Status

FILTERS = ("repo", "pull", "status", "cursor")
OVERRIDES = ("model", "fail_on", "min_confidence")
DECISIONS = frozenset({"approve", "reject", "waive", "retry"})
# What browsers, and whoever reads, can still take; the API has the rest.
MOST_FINDINGS = 500
MOST_CHARACTERS = 200_000
POINT = f"{PATH}/checkpoints/{{checkpoint_id}}"


class RunPages:
    """Answers for runs: a list, one, its checkpoints, its log, its report."""

    def __init__(
        self, files: RcaFiles, *, clock: Clock, ids: Ids, web_url: str
    ) -> None:
        self._files = files
        self._clock = clock
        self._ids = ids
        self._web_url = web_url

    async def listed(self, request: web.Request, looker: Looker) -> web.Response:
        """Show runs, newest first, narrowed by what the form says."""
        asked = {
            name: text
            for name in FILTERS
            if (text := request.query.get(name, "").strip())
        }
        runs, problem = Listed(runs=[], next=None), None
        try:
            runs = await looker.get("/runs", Listed, query=asked)
        except InputError as error:
            problem = error
        kept = {name: asked[name] for name in asked.keys() - {"cursor"}}
        return page.page(
            "runs",
            status=422 if problem else 200,
            asked=asked,
            older=(kept | {"cursor": runs.next}) if runs.next else None,
            problem=problem,
            runs=runs.runs,
            statuses=[str(one) for one in Status],
            **self._shared(looker),
        )

    async def shown(self, request: web.Request, looker: Looker) -> web.Response:
        """Show one run: what became of it, why, and what can be done."""
        run_id = request.match_info["run_id"]
        now = self._clock.now()
        found = await gathered(looker, run_id, now=now, newest=self._files.newest)
        return page.page(
            "run",
            one=found,
            most=MOST_FINDINGS,
            request_id=self._ids.new("form"),
            **self._shared(looker),
        )

    async def log(self, request: web.Request, looker: Looker) -> web.Response:
        """Show what a run's steps have logged."""
        run_id = request.match_info["run_id"]
        level = request.query.get("level", "debug")
        found = await looker.get(
            f"{PATH}/logs", RunLogs, ids={"run_id": run_id}, query={"level": level}
        )
        return page.page(
            "log", run_id=run_id, level=level, log=found, **self._shared(looker)
        )

    async def checkpoint(self, request: web.Request, looker: Looker) -> web.Response:
        """Show one checkpoint with its state."""
        ids = dict(request.match_info)
        found = await looker.get(POINT, CheckpointDetail, ids=ids)
        state, more = wording.first_of(found.state, MOST_CHARACTERS)
        return page.page(
            "checkpoint",
            point=found,
            run_id=ids["run_id"],
            state=state,
            more=more,
            **self._shared(looker),
        )

    async def diff(self, request: web.Request, looker: Looker) -> web.Response:
        """Show what differs between two checkpoints."""
        against = request.query.get("against", "parent")
        found = await looker.get(
            f"{POINT}/diff",
            Written,
            ids=dict(request.match_info),
            query={"format": "html", "against": against},
        )
        return page.foreign(found.body)

    async def report(self, request: web.Request, looker: Looker) -> web.Response:
        """Show the report of the newest bundle."""
        check_scope(looker.token, Scope.OPERATE)
        run_id = path_of(dict(request.match_info))["run_id"]
        if request.method == "HEAD":  # nobody has read it
            await self._files.check(looker.token, run_id)
            return page.foreign("")
        return page.foreign(await self._files.page(looker.token, run_id))

    async def ask_for_report(
        self, request: web.Request, looker: Looker
    ) -> web.Response:
        """Have a bundle built of the run as it is now."""
        check_scope(looker.token, Scope.OPERATE)
        run_id = path_of(dict(request.match_info))["run_id"]
        if await self._files.ask_for(looker.token, run_id):
            return _to(run_id, "/report")
        return page.page("awaited", status=202, run_id=run_id, **self._shared(looker))

    async def move(
        self, move: str, request: web.Request, looker: Looker
    ) -> web.Response:
        """Put a run aside, let workers have it again, or end it."""
        ids = dict(request.match_info)
        form = await fields_of(request)
        body = {"reason": form.get("reason", "")}
        await looker.post(f"{PATH}/{move}", ids=ids, body=body)
        return _to(ids["run_id"])

    async def decide(self, request: web.Request, looker: Looker) -> web.Response:
        """Decide about a gate."""
        ids = dict(request.match_info)
        decision = ids.pop("decision")
        if decision not in DECISIONS:
            raise web.HTTPNotFound
        form = await fields_of(request)
        path = f"{PATH}/gates/{{gate}}/{decision}"
        body = {"reason": form.get("reason", "")}
        await looker.post(path, ids=ids, body=body)
        return _to(ids["run_id"])

    async def rerun(self, request: web.Request, looker: Looker) -> web.Response:
        """Run a run again, and show the one that was begun."""
        form = await fields_of(request)
        start = {"from": form["from"]} if form.get("from") else {}
        body = {"reason": form.get("reason", ""), **start, **_once(form)}
        ids = dict(request.match_info)
        return _begun(await looker.post(f"{PATH}/rerun", ids=ids, body=body))

    async def branch(self, request: web.Request, looker: Looker) -> web.Response:
        """Go on from a checkpoint with other settings, and show the branch."""
        form = await fields_of(request)
        overrides: dict[str, Any] = {
            name: form[name] for name in OVERRIDES if form.get(name)
        }
        if "min_confidence" in overrides:
            overrides["min_confidence"] = _number(overrides["min_confidence"])
        body = {
            "overrides": overrides,
            "publish": "publish" in form,
            "reason": form.get("reason", ""),
            **_once(form),
        }
        ids = dict(request.match_info)
        return _begun(await looker.post(f"{POINT}/branch", ids=ids, body=body))

    def _shared(self, looker: Looker) -> dict[str, Any]:
        return {
            "now": self._clock.now(),
            "token": looker.token,
            "web_url": self._web_url,
        }


def _once(form: Mapping[str, str]) -> Mapping[str, str]:
    """Return the name of a page's form: sent twice, it begins one run."""
    name = form.get("request_id")
    return {"request_id": name} if name else {}


def _number(text: str) -> float | str:
    """Return a number as one; what is none is refused by the call that wants it."""
    try:
        return float(text)
    except ValueError:
        return text


def _to(run_id: str, rest: str = "") -> web.Response:
    path = f"/center/runs/{run_id}{rest}"
    return web.Response(status=303, headers={"Location": path, **page.HEADERS})


def _begun(answer: BaseModel) -> web.Response:
    return _to(cast("BegunDetail", answer).run.id)
