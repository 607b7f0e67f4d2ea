"""Repositories, commits and trees as GitHub's REST shows them."""

from bot.simulator.answers import Json
from bot.simulator.git import Commit, Entry
from bot.simulator.records import Repository
from bot.simulator.shapes.basics import node_id, time, user
from bot.simulator.world import World

LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
COUNTS = (
    "forks",
    "forks_count",
    "network_count",
    "size",
    "stargazers_count",
    "subscribers_count",
    "watchers",
    "watchers_count",
)
SWITCHES = {
    "has_issues": True,
    "has_projects": False,
    "has_wiki": False,
    "has_pages": False,
    "has_discussions": False,
    "has_downloads": False,
    "archived": False,
    "disabled": False,
    "allow_forking": True,
    "is_template": False,
    "web_commit_signoff_required": False,
}
TYPES = {"blob": "file", "tree": "dir", "commit": "submodule"}
SYMLINK = "120000"


def repository(world: World, record: Repository, *, fork: str | None = None) -> Json:
    """Return a repository, or its fork under the name `fork`."""
    name = fork or record.full_name
    owner, _, short = name.partition("/")
    url = f"{world.api_url}/repos/{name}"
    page = f"{world.url}/{name}"
    number = world.user_id(name) if fork else record.id
    is_open = [pull for pull in record.pulls.values() if pull.closed_at is None]
    made = time(record.created_at)
    return {
        "id": number,
        "node_id": node_id("R", number),
        "name": short,
        "full_name": name,
        "owner": user(world, owner),
        "private": record.private,
        "html_url": page,
        "description": None,
        "fork": fork is not None,
        "url": url,
        **{link: url + tail for link, tail in LINKS.items()},
        "git_url": f"git:{page.partition(':')[2]}.git",
        "ssh_url": f"git@localhost:{name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "visibility": "private" if record.private else "public",
        "topics": [],
        **dict.fromkeys(COUNTS, 0),
        "open_issues": len(is_open),
        "open_issues_count": len(is_open),
        "default_branch": record.default_branch,
        **SWITCHES,
        "pushed_at": made,
        "created_at": made,
        "updated_at": made,
    }


def short_repository(record: Repository) -> Json:
    """Return the few facts that installation events tell of a repository."""
    return {
        "id": record.id,
        "node_id": node_id("R", record.id),
        "name": record.name,
        "full_name": record.full_name,
        "private": record.private,
    }


def commit(world: World, record: Repository, one: Commit) -> Json:
    """Return a commit without its files."""
    url = f"{world.api_url}/repos/{record.full_name}"
    page = f"{world.url}/{record.full_name}/commit"
    people = (("author", one.author), ("committer", one.committer))
    return {
        "url": f"{url}/commits/{one.sha}",
        "sha": one.sha,
        "node_id": f"C_{one.sha}",
        "html_url": f"{page}/{one.sha}",
        "comments_url": f"{url}/commits/{one.sha}/comments",
        "commit": {
            "url": f"{url}/git/commits/{one.sha}",
            **{
                role: {"name": who[0], "email": who[1], "date": who[2]}
                for role, who in people
            },
            "message": one.message,
            "comment_count": 0,
            "tree": {"sha": one.tree, "url": f"{url}/git/trees/{one.tree}"},
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        },
        "author": None,
        "committer": None,
        "parents": [
            {"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{page}/{sha}"}
            for sha in one.parents
        ],
    }


def entry(world: World, record: Repository, one: Entry, ref: str) -> Json:
    """Return a file, folder or submodule without its contents."""
    url = f"{world.api_url}/repos/{record.full_name}"
    own = f"{url}/contents/{one.path}?ref={ref}"
    kind = "trees" if one.kind == "tree" else "blobs"
    git = f"{url}/git/{kind}/{one.sha}"
    page = f"{world.url}/{record.full_name}/blob/{ref}/{one.path}"
    raw = f"{world.url}/{record.full_name}/raw/{ref}/{one.path}"
    return {
        "type": "symlink" if one.mode == SYMLINK else TYPES[one.kind],
        "name": one.path.rpartition("/")[2],
        "path": one.path,
        "sha": one.sha,
        "size": one.size or 0,
        "url": own,
        "html_url": page,
        "git_url": git,
        "download_url": raw if one.kind == "blob" else None,
        "_links": {"self": own, "git": git, "html": page},
    }
