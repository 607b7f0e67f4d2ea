"""Answers about check runs and check suites."""

from bot.simulator.answers import Answer, Json, RefusedError, not_found
from bot.simulator.call import Call, Route
from bot.simulator.checking import change, new_run, refuse_bad
from bot.simulator.events import check_run_payload, check_suite_payload
from bot.simulator.records import App, CheckRun, Repository, Suite
from bot.simulator.routes.code import REPO
from bot.simulator.shapes.checks import check_run, suite
from bot.simulator.world import World

READ = ("checks:read",)
WRITE = ("checks:write",)
RUN = REPO + "/check-runs/{check_run_id}"
SUITE = REPO + "/check-suites/{check_suite_id}"
OF_REF = REPO + "/commits/{ref:.+}"


def suite_for(world: World, record: Repository, app: App, sha: str) -> Suite:
    """Return an App's suite on a commit, made when there is none."""
    for one in record.suites:
        if one.app is app and one.head_sha == sha:
            return one
    made = Suite(id=world.new_id(), app=app, head_sha=sha, created_at=world.now())
    record.suites.append(made)
    return made


async def _commit(call: Call, sha: object) -> str:
    """Return the full SHA of a commit that must exist."""
    found = await call.repository.git.resolve(sha) if isinstance(sha, str) else None
    if found is None:
        raise RefusedError(422, f"No commit found for SHA: {sha}")
    return found


def _found(call: Call) -> CheckRun:
    return call.world.check_run(call.repository, call.number("check_run_id"))


def _own(call: Call) -> CheckRun:
    """Return the check run of the path; only the App that made it may write."""
    found = _found(call)
    if found.suite.app is not call.actor.app:
        raise RefusedError(
            403,
            f"Invalid app_id `{call.actor.app.id}` - check run can only be modified by"
            " the GitHub App that created it.",
        )
    return found


def _shown(call: Call, run: CheckRun) -> Json:
    return check_run(call.world, call.repository, run)


async def _tell(call: Call, run: CheckRun, action: str) -> None:
    record = call.repository
    payload = await check_run_payload(call.world, record, run, action)
    call.hooks.later(record, "check_run", payload, call.actor.login)


async def create(call: Call) -> Answer:
    """Make a check run on a commit."""
    record = call.repository
    refuse_bad(call.body, creating=True)
    sha = await _commit(call, call.body.get("head_sha"))
    own = suite_for(call.world, record, call.actor.app, sha)
    run = new_run(call.world, own, call.body)
    record.checks[run.id] = run
    await _tell(call, run, "created")
    return Answer(body=_shown(call, run), status=201)


async def update(call: Call) -> Answer:
    """Change a check run; annotations are added to those it has."""
    run = _own(call)
    refuse_bad(call.body, creating=False)
    was_done = run.status == "completed"
    change(call.world, run, call.body)
    if run.status == "completed" and not was_done:
        await _tell(call, run, "completed")
    return Answer(body=_shown(call, run))


async def show(call: Call) -> Answer:
    """Return one check run."""
    return Answer(body=_shown(call, _found(call)))


async def annotations(call: Call) -> Answer:
    """Return a check run's annotations."""
    run = _found(call)
    url = f"{call.world.url}/{call.repository.full_name}/blob/{run.suite.head_sha}"
    optional = ("start_column", "end_column", "title", "raw_details")
    shown = [
        {
            **dict.fromkeys(optional),
            **one,
            "blob_href": f"{url}/{one['path']}",
        }
        for one in run.annotations
    ]
    return Answer(body=shown, pages=True)


async def rerequest(call: Call) -> Answer:
    """Ask the App to run a check again."""
    run, record = _own(call), call.repository
    payload = await check_run_payload(call.world, record, run, "rerequested")
    call.hooks.later(record, "check_run", payload, call.actor.login)
    return Answer(body={}, status=201)


def _listed(call: Call, runs: list[CheckRun]) -> Answer:
    """Return the runs that the query asks for; the latest of each name by default."""
    query = call.query
    kept = [
        run
        for run in runs
        if query.get("check_name") in (None, run.name)
        and query.get("status") in (None, run.status)
        and query.get("app_id") in (None, str(run.suite.app.id))
    ]
    if query.get("filter", "latest") == "latest":
        kept = list({(run.suite.id, run.name): run for run in kept}.values())
    kept.reverse()
    shown = [_shown(call, run) for run in kept]
    body = {"total_count": len(shown), "check_runs": shown}
    return Answer(body=body, pages=True, listed="check_runs")


async def list_for_ref(call: Call) -> Answer:
    """Return the check runs of a commit."""
    sha = await _commit(call, call.params["ref"])
    runs = call.repository.checks.values()
    return _listed(call, [run for run in runs if run.suite.head_sha == sha])


async def list_for_suite(call: Call) -> Answer:
    """Return the check runs of a suite."""
    own = _suite(call)
    runs = call.repository.checks.values()
    return _listed(call, [run for run in runs if run.suite is own])


def _suite(call: Call) -> Suite:
    number = call.number("check_suite_id")
    for one in call.repository.suites:
        if one.id == number:
            return one
    raise not_found()


async def _suite_shape(call: Call, one: Suite) -> Json:
    record = call.repository
    head = await record.git.commit(one.head_sha)
    return suite(call.world, record, one, head)


async def show_suite(call: Call) -> Answer:
    """Return one check suite."""
    return Answer(body=await _suite_shape(call, _suite(call)))


async def create_suite(call: Call) -> Answer:
    """Make the App's suite on a commit, or return the one that is there."""
    sha = await _commit(call, call.body.get("head_sha"))
    known = len(call.repository.suites)
    own = suite_for(call.world, call.repository, call.actor.app, sha)
    status = 200 if len(call.repository.suites) == known else 201
    return Answer(body=await _suite_shape(call, own), status=status)


async def list_suites(call: Call) -> Answer:
    """Return the check suites of a commit."""
    sha = await _commit(call, call.params["ref"])
    wanted = call.query.get("app_id")
    shown = [
        await _suite_shape(call, one)
        for one in call.repository.suites
        if one.head_sha == sha and wanted in (None, str(one.app.id))
    ]
    body = {"total_count": len(shown), "check_suites": shown}
    return Answer(body=body, pages=True, listed="check_suites")


async def rerequest_suite(call: Call) -> Answer:
    """Ask the App to run a whole suite again."""
    own, record = _suite(call), call.repository
    payload = await check_suite_payload(call.world, record, own, "rerequested")
    call.hooks.later(record, "check_suite", payload, call.actor.login)
    return Answer(body={}, status=201)


ROUTES = (
    Route(method="POST", path=REPO + "/check-runs", handler=create, needs=WRITE),
    Route(method="GET", path=RUN, handler=show, needs=READ),
    Route(method="PATCH", path=RUN, handler=update, needs=WRITE),
    Route(method="GET", path=RUN + "/annotations", handler=annotations, needs=READ),
    Route(method="POST", path=RUN + "/rerequest", handler=rerequest, needs=WRITE),
    Route(method="GET", path=OF_REF + "/check-runs", handler=list_for_ref, needs=READ),
    Route(method="GET", path=OF_REF + "/check-suites", handler=list_suites, needs=READ),
    Route(
        method="POST", path=REPO + "/check-suites", handler=create_suite, needs=WRITE
    ),
    Route(method="GET", path=SUITE, handler=show_suite, needs=READ),
    Route(method="GET", path=SUITE + "/check-runs", handler=list_for_suite, needs=READ),
    Route(
        method="POST", path=SUITE + "/rerequest", handler=rerequest_suite, needs=WRITE
    ),
)
