"""Answers about code: repositories, commits, comparisons, files and branches."""

import base64

from bot.simulator.answers import Answer, Json, RefusedError, not_found, wants
from bot.simulator.branches import files_between
from bot.simulator.call import Call, Route
from bot.simulator.git import Entry
from bot.simulator.records import Repository
from bot.simulator.shapes.basics import node_id, user
from bot.simulator.shapes.pulls import changed_file
from bot.simulator.shapes.repositories import commit, entry, repository

REPO = "/repos/{owner}/{repo}"
READ = ("contents:read",)
INLINE_LIMIT = 1_000_000
MOST_FILES = 300
MOST_LINES = 20_000
MOST_BYTES = 1_000_000
DIFF_TYPE = "application/vnd.github.diff"
ROLES = {"maintain": "write", "triage": "read"}


async def show_repository(call: Call) -> Answer:
    """Return a repository."""
    return Answer(body=repository(call.world, call.repository))


async def permission(call: Call) -> Answer:
    """Return what a user may do: the old four levels, and the exact role."""
    record, login = call.repository, call.params["username"]
    role = call.world.role(record, login)
    body = {
        "permission": ROLES.get(role, role),
        "role_name": role,
        "user": {**user(call.world, login), "role_name": role},
    }
    return Answer(body=body)


async def _resolved(record: Repository, ref: str) -> str:
    """Return the commit of a ref of the path, or 404."""
    sha = await record.git.resolve(ref)
    if sha is None:
        raise not_found()
    return sha


async def show_commit(call: Call) -> Answer:
    """Return a commit as JSON, as its SHA or as a diff."""
    record = call.repository
    sha = await record.git.resolve(call.params["ref"])
    if sha is None:
        raise RefusedError(422, f"No commit found for SHA: {call.params['ref']}")
    asked = wants(call.accept)
    if asked == "sha":
        return Answer(body=sha.encode(), content_type="application/vnd.github.sha")
    one = await record.git.commit(sha)
    if asked == "diff" and one.parents:
        return await diff_answer(record, one.parents[0], sha)
    return Answer(body=commit(call.world, record, one))


async def compare(call: Call) -> Answer:
    """Return what head has that base has not, from their merge base on."""
    record = call.repository
    base_name, dots, head_name = call.params["basehead"].partition("...")
    if not dots:
        raise not_found()
    base = await _resolved(record, base_name.rpartition(":")[2])
    head = await _resolved(record, head_name.rpartition(":")[2])
    start = await record.git.merge_base(base, head)
    if start is None:
        raise not_found()
    if wants(call.accept) in ("diff", "patch"):
        return await diff_answer(record, start, head)
    return Answer(body=await _comparison(call, record, (base, start, head)))


async def _comparison(
    call: Call, record: Repository, ends: tuple[str, str, str]
) -> Json:
    """Return a comparison as JSON; `ends` are base, merge base and head."""
    base, start, head = ends
    git, world = record.git, call.world
    ahead, behind = await git.commits(base, head), await git.commits(head, base)
    states = {
        (True, True): "diverged",
        (True, False): "ahead",
        (False, True): "behind",
        (False, False): "identical",
    }
    url = f"{world.api_url}/repos/{record.full_name}/compare/{base}...{head}"
    page = f"{world.url}/{record.full_name}/compare/{base}...{head}"
    files = await files_between(git, start, head)
    shown = [await git.commit(sha) for sha in ahead[:250]]
    return {
        "url": url,
        "html_url": page,
        "permalink_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "base_commit": commit(world, record, await git.commit(base)),
        "merge_base_commit": commit(world, record, await git.commit(start)),
        "status": states[bool(ahead), bool(behind)],
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [commit(world, record, one) for one in shown],
        "files": [changed_file(world, record, one, head) for one in files[:MOST_FILES]],
    }


async def diff_answer(record: Repository, base: str, head: str) -> Answer:
    """Return a diff as text, or 406 when it is beyond GitHub's limits."""
    diff = await record.git.diff(base, head)
    files = (await record.git.raw_diff(base, head)).count(b"\0:") + 1
    if files > MOST_FILES:
        raise _too_large("files", MOST_FILES)
    if diff.count(b"\n") > MOST_LINES:
        raise _too_large("lines", MOST_LINES)
    if len(diff) > MOST_BYTES:
        raise _too_large("bytes", MOST_BYTES)
    return Answer(body=diff, content_type=DIFF_TYPE)


def _too_large(what: str, limit: int) -> RefusedError:
    """Return the refusal of a diff that is too large."""
    error = {"resource": "PullRequest", "field": "diff", "code": "too_large"}
    return RefusedError(
        406,
        f"Sorry, the diff exceeded the maximum number of {what} ({limit}). Consider"
        " using 'List pull requests files' API or locally cloning the repository"
        " instead.",
        errors=[error],
    )


async def contents(call: Call) -> Answer:
    """Return a file or folder at a ref; a file also as raw bytes."""
    record = call.repository
    ref = call.query.get("ref") or record.default_branch
    sha = await record.git.resolve(ref)
    if sha is None:
        raise RefusedError(404, f"No commit found for the ref {ref}")
    found = await record.git.entry(sha, call.params["path"].strip("/"))
    if found is None:
        raise not_found()
    if found.kind == "tree":
        return await _folder(call, record, found, ref)
    if found.kind == "commit":
        return Answer(
            body={**entry(call.world, record, found, ref), "submodule_git_url": None}
        )
    data = await record.git.blob(found.sha) or b""
    if wants(call.accept) == "raw":
        return Answer(body=data, content_type="application/vnd.github.raw")
    shown = entry(call.world, record, found, ref)
    if shown["type"] == "symlink":
        return Answer(body={**shown, "target": data.decode("utf-8", "replace")})
    if len(data) > INLINE_LIMIT:
        return Answer(body={**shown, "encoding": "none", "content": ""})
    text = base64.encodebytes(data).decode()
    return Answer(body={**shown, "encoding": "base64", "content": text})


async def _folder(call: Call, record: Repository, found: Entry, ref: str) -> Answer:
    """Return what a folder holds."""
    shown = []
    for one in await record.git.entries(found.sha):
        path = f"{found.path}/{one.path}" if found.path else one.path
        child = Entry(
            mode=one.mode, kind=one.kind, sha=one.sha, size=one.size, path=path
        )
        shown.append(entry(call.world, record, child, ref))
    return Answer(body=shown)


async def blob(call: Call) -> Answer:
    """Return a blob by its SHA."""
    record, sha = call.repository, call.params["file_sha"]
    data = await record.git.blob(sha) if sha.isalnum() else None
    if data is None:
        raise not_found()
    if wants(call.accept) == "raw":
        return Answer(body=data, content_type="application/vnd.github.raw")
    url = f"{call.world.api_url}/repos/{record.full_name}/git/blobs/{sha}"
    body = {
        "sha": sha,
        "node_id": f"B_{sha}",
        "size": len(data),
        "url": url,
        "content": base64.encodebytes(data).decode(),
        "encoding": "base64",
    }
    return Answer(body=body)


async def show_ref(call: Call) -> Answer:
    """Return what a ref such as `heads/main` points to."""
    record, name = call.repository, call.params["ref"]
    sha = await _resolved(record, f"refs/{name}")
    url = f"{call.world.api_url}/repos/{record.full_name}/git"
    target = {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"}
    number = node_id("REF", record.id)
    body = {
        "ref": f"refs/{name}",
        "node_id": number,
        "url": f"{url}/refs/{name}",
        "object": target,
    }
    return Answer(body=body)


async def show_branch(call: Call) -> Answer:
    """Return a branch and its last commit."""
    record, name = call.repository, call.params["branch"]
    sha = await _resolved(record, f"refs/heads/{name}")
    url = f"{call.world.api_url}/repos/{record.full_name}/branches/{name}"
    page = f"{call.world.url}/{record.full_name}/tree/{name}"
    body = {
        "name": name,
        "commit": commit(call.world, record, await record.git.commit(sha)),
        "_links": {"self": url, "html": page},
        "protected": False,
        "protection": {"enabled": False},
        "protection_url": f"{url}/protection",
    }
    return Answer(body=body)


PATHS = (
    ("/contents{path:(?:/.*)?}", contents),
    ("/compare/{basehead:.+}", compare),
    ("/git/blobs/{file_sha}", blob),
    ("/git/ref/{ref:.+}", show_ref),
    ("/branches/{branch:.+}", show_branch),
    ("/commits/{ref:.+}", show_commit),
)
ROUTES = (
    Route(method="GET", path=REPO, handler=show_repository, needs=("metadata:read",)),
    Route(
        method="GET",
        path=REPO + "/collaborators/{username}/permission",
        handler=permission,
        needs=("metadata:read",),
    ),
    *(
        Route(method="GET", path=REPO + path, handler=handler, needs=READ)
        for path, handler in PATHS
    ),
)
