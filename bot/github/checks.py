"""Check runs: make one, find it again, bring it up to date."""

from bot.github.check_draft import ANNOTATIONS_A_REQUEST, CheckDraft, Json
from bot.github.client import Connection
from bot.github.values import CheckRun, decode
from core.errors import UnclearAnswerError


async def create_check(gh: Connection, repo: str, draft: CheckDraft) -> CheckRun:
    """Make a check run; after UnclearAnswerError, ask `find_check`.

    Its annotations come by `update_check`, which can be called again at any time.
    """
    path = f"/repos/{repo}/check-runs"
    data = {"name": draft.name, "head_sha": draft.head_sha, **draft.payload()}
    return decode(CheckRun, await gh.post(path, data), path)


async def get_check(gh: Connection, repo: str, check_id: int) -> CheckRun:
    """Return the check run as it is now."""
    path = f"/repos/{repo}/check-runs/{check_id}"
    return decode(CheckRun, await gh.get(path), path)


async def find_check(
    gh: Connection, repo: str, draft: CheckDraft, *, app_id: int
) -> CheckRun | None:
    """Return the App's newest check run with the draft's name, commit and external id.

    GitHub itself keeps to the given App, so nobody else can stand in.
    """
    path = f"/repos/{repo}/commits/{draft.head_sha}/check-runs"
    found = await gh.pages(
        path, key="check_runs", check_name=draft.name, filter="all", app_id=app_id
    )
    checks = [decode(CheckRun, item, path) for item in found]
    ours = [
        check
        for check in checks
        if check.external_id == draft.external_id and check.app_id in (app_id, None)
    ]
    return max(ours, key=lambda check: check.id, default=None)


async def update_check(
    gh: Connection, repo: str, check_id: int, draft: CheckDraft
) -> CheckRun:
    """Bring a check run to what the draft says, annotations included.

    GitHub appends annotations, 50 a request, and says how many have arrived: only the
    rest is sent, and the conclusion comes after the last. So it is safe to call again
    after any error with the same or more annotations.
    """
    path = f"/repos/{repo}/check-runs/{check_id}"
    arrived = 0
    if draft.annotations:
        arrived = (await get_check(gh, repo, check_id)).annotations_count
    while arrived < len(draft.annotations):
        arrived = await _append(gh, repo, check_id, draft, arrived)
    return decode(CheckRun, await gh.patch(path, draft.payload()), path)


async def _append(
    gh: Connection, repo: str, check_id: int, draft: CheckDraft, arrived: int
) -> int:
    """Send the next annotations and return how many have arrived in all.

    An unclear answer is cleared up by asking for the count.
    """
    path = f"/repos/{repo}/check-runs/{check_id}"
    chunk = draft.annotations[arrived : arrived + ANNOTATIONS_A_REQUEST]
    data: Json = {"output": draft.output(chunk)}
    try:
        await gh.patch(path, data, appends=True)
    except UnclearAnswerError:
        count = (await get_check(gh, repo, check_id)).annotations_count
        if count == arrived:
            raise
        return count
    return arrived + len(chunk)
