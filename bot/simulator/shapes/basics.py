"""Times, node ids, users, Apps and installations as GitHub's REST shows them."""

from datetime import UTC, datetime

from bot.simulator.answers import Json
from bot.simulator.records import App, Installation, Reaction
from bot.simulator.world import World

USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
EMOJI = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def time(moment: datetime) -> str:
    """Return a time as GitHub writes it: UTC, whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe_time(moment: datetime | None) -> str | None:
    """Return a time as GitHub writes it, or None."""
    return None if moment is None else time(moment)


def node_id(prefix: str, number: int) -> str:
    """Return the opaque id that GraphQL knows a thing by."""
    return f"{prefix}_kw{number}"


def user(world: World, login: str) -> Json:
    """Return a user; names that end in `[bot]` are Apps."""
    number = world.user_id(login)
    is_bot = login.endswith("[bot]")
    url = f"{world.api_url}/users/{login}"
    page = f"apps/{login.removesuffix('[bot]')}" if is_bot else login
    return {
        "login": login,
        "id": number,
        "node_id": node_id("BOT" if is_bot else "U", number),
        "avatar_url": f"{world.url}/avatars/u/{number}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{world.url}/{page}",
        **{name: url + tail for name, tail in USER_LINKS.items()},
        "type": "Bot" if is_bot else "User",
        "site_admin": False,
    }


def app(world: World, record: App) -> Json:
    """Return an App as anybody may see it."""
    return {
        "id": record.id,
        "client_id": record.client_id,
        "slug": record.slug,
        "node_id": node_id("A", record.id),
        "owner": user(world, record.owner),
        "name": record.slug,
        "description": "",
        "external_url": world.url,
        "html_url": f"{world.url}/apps/{record.slug}",
        "created_at": time(record.created_at),
        "updated_at": time(record.created_at),
        "permissions": dict(record.permissions),
        "events": list(record.events),
    }


def installation(world: World, record: Installation) -> Json:
    """Return an installation of an App on an account."""
    return {
        "id": record.id,
        "account": user(world, record.account),
        "repository_selection": "selected",
        "access_tokens_url": (
            f"{world.api_url}/app/installations/{record.id}/access_tokens"
        ),
        "repositories_url": f"{world.api_url}/installation/repositories",
        "html_url": f"{world.url}/settings/installations/{record.id}",
        "app_id": record.app.id,
        "app_slug": record.app.slug,
        "target_id": world.user_id(record.account),
        "target_type": "User",
        "permissions": dict(record.permissions),
        "events": list(record.app.events),
        "created_at": time(record.created_at),
        "updated_at": time(record.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": None,
    }


def reaction(world: World, record: Reaction) -> Json:
    """Return one reaction."""
    return {
        "id": record.id,
        "node_id": node_id("REA", record.id),
        "user": user(world, record.user),
        "content": record.content,
        "created_at": time(record.created_at),
    }


def reactions(url: str, given: list[Reaction]) -> Json:
    """Return how often each emoji was given."""
    counts = {name: sum(one.content == name for one in given) for name in EMOJI}
    return {"url": f"{url}/reactions", "total_count": len(given), **counts}
