"""Pull requests: what they are, what they change, and files as they stand."""

from http import HTTPStatus
from urllib.parse import quote

from bot.github.client import Connection
from bot.github.file_list import Comparison, assemble
from bot.github.values import ChangedFile, PullRequest, decode
from core.errors import (
    GitHubAnswerTooLargeError,
    GitHubNotFoundError,
    GitHubRefusedError,
    HeadMovedError,
)

DIFF = "application/vnd.github.diff"
RAW = "application/vnd.github.raw+json"
PULL_FILES_LIMIT = 3000
COMPARE_FILES_LIMIT = 300
FILE_BYTES = 1_000_000


async def get_pull(gh: Connection, repo: str, number: int) -> PullRequest:
    """Return the pull request as it is now."""
    path = f"/repos/{repo}/pulls/{number}"
    return decode(PullRequest, await gh.get(path), path)


async def compare_diff(
    gh: Connection, repo: str, base: str, head: str, *, number: int | None = None
) -> Comparison:
    """Return the diff from the merge base of two commits to `head`.

    Both are SHAs, so that a push in between changes nothing. Where GitHub finds the
    diff too large (406), it is put together from the list of changed files, and what
    is missing is named: of the pull request `number` up to 3000 files, without it 300.
    Raises HeadMovedError when that pull request's head is no longer `head`.
    """
    path = f"/repos/{repo}/compare/{base}...{head}"
    try:
        raw = await gh.raw(path, accept=DIFF)
    except GitHubRefusedError as error:
        if error.facts["status"] != HTTPStatus.NOT_ACCEPTABLE:
            raise
    else:
        return Comparison(data=raw.body)
    if number is None:
        answer = await gh.get(path, per_page=1)
        files = [decode(ChangedFile, file, path) for file in answer["files"]]
        return assemble(files, list_limit=COMPARE_FILES_LIMIT)
    return await _listed(gh, repo, number, head)


async def _listed(gh: Connection, repo: str, number: int, head: str) -> Comparison:
    """Read the list, then the head: the list has no SHA of its own."""
    path = f"/repos/{repo}/pulls/{number}/files"
    files = [decode(ChangedFile, file, path) for file in await gh.pages(path)]
    pull = await get_pull(gh, repo, number)
    if pull.head_sha != head:
        raise HeadMovedError(
            repo=repo, number=number, expected=head, actual=pull.head_sha
        )
    return assemble(files, list_limit=PULL_FILES_LIMIT)


async def file_at(
    gh: Connection, repo: str, path: str, ref: str, *, max_bytes: int = FILE_BYTES
) -> bytes | None:
    """Return a file's bytes at a commit.

    None when it is not there, is no file (a folder, a submodule), or is larger than
    `max_bytes`.
    """
    name = quote(path.encode("utf-8", "surrogateescape"), safe="/")
    where = f"/repos/{repo}/contents/{name}"
    try:
        raw = await gh.raw(where, accept=RAW, limit=max_bytes, ref=ref)
    except (GitHubNotFoundError, GitHubAnswerTooLargeError):
        return None
    is_listing = raw.content_type.startswith("application/json")
    return None if is_listing else raw.body
