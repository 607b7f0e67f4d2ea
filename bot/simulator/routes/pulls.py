"""Answers about pull requests: the request itself, its files and commits."""

from bot.simulator.answers import Answer, Json, wants
from bot.simulator.call import Call, Route
from bot.simulator.records import Pull
from bot.simulator.routes.code import REPO, diff_answer
from bot.simulator.shapes.pulls import changed_file, full_pull, short_pull
from bot.simulator.shapes.repositories import commit

READ = ("pull_requests:read",)
MOST_FILES = 3000
PULL = REPO + "/pulls/{pull_number}"


async def show_pull(call: Call) -> Answer:
    """Return a pull request as JSON or as a diff."""
    pull = call.pull
    if wants(call.accept) in ("diff", "patch"):
        return await diff_answer(call.repository, pull.merge_base, pull.head_sha)
    return Answer(body=full_pull(call.world, call.repository, pull))


async def list_pulls(call: Call) -> Answer:
    """Return pull requests, newest first unless asked otherwise."""
    record = call.repository
    state = call.query.get("state") or "open"
    found = [
        pull
        for pull in record.pulls.values()
        if state in ("all", pull.state) and _fits(call, pull, record.owner)
    ]
    if call.query.get("direction") != "asc":
        found.reverse()
    shown = [short_pull(call.world, record, pull) for pull in found]
    return Answer(body=shown, pages=True)


def _fits(call: Call, pull: Pull, owner: str) -> bool:
    """Say whether a pull request has the head and base that the query names."""
    head, base = call.query.get("head"), call.query.get("base")
    own = f"{(pull.fork or owner).partition('/')[0]}:{pull.head_ref}"
    return head in (None, own) and base in (None, pull.base_ref)


async def list_files(call: Call) -> Answer:
    """Return the changed files with their patches, at most 3000."""
    pull, record = call.pull, call.repository
    files = pull.files[:MOST_FILES]
    shown: list[Json] = [
        changed_file(call.world, record, file, pull.head_sha) for file in files
    ]
    return Answer(body=shown, pages=True)


async def list_commits(call: Call) -> Answer:
    """Return the commits, oldest first, at most 250."""
    record = call.repository
    shown = [
        commit(call.world, record, await record.git.commit(sha))
        for sha in call.pull.commits[:250]
    ]
    return Answer(body=shown, pages=True)


ROUTES = (
    Route(method="GET", path=REPO + "/pulls", handler=list_pulls, needs=READ),
    Route(method="GET", path=PULL, handler=show_pull, needs=READ),
    Route(method="GET", path=PULL + "/files", handler=list_files, needs=READ),
    Route(method="GET", path=PULL + "/commits", handler=list_commits, needs=READ),
)
