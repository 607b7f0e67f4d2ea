"""Checks of what nofx talks to: the database and GitHub."""

import aiohttp

from bot.base import reached
from bot.doctor.results import Finding, fail, ok, warn
from bot.github.client import GitHubApp
from bot.github.manifest import missing_permissions
from bot.github.values import AppIdentity
from bot.settings import Settings
from core.clock import Clock
from core.store.pending import pending
from core.store.schema import Schema

# What app.yml asks for; a test keeps the two equal.
PERMISSIONS = {
    "metadata": "read",
    "contents": "read",
    "pull_requests": "write",
    "checks": "write",
    "issues": "write",
}
EVENTS = frozenset(
    {
        "pull_request",
        "pull_request_review_comment",
        "pull_request_review_thread",
        "issue_comment",
        "check_run",
        "check_suite",
    }
)


async def check_database(settings: Settings, schema: Schema) -> Finding:
    """Reach the database and compare its rules with this program's.

    Raises StoreUnavailableError and the errors of the embedded server.
    """
    async with reached(settings, settings.data_dir) as database:
        await database.ping()
        missing = await pending(database, schema)
    name = "The embedded server" if settings.mongodb_url is None else "MongoDB"
    if {spec.name for spec in schema.collections} <= {
        change.collection for change in missing if change.kind == "collection_created"
    }:
        return ok(f"{name} answers; it is empty, and the first start sets it up.")
    if missing:
        names = ", ".join(sorted({change.collection for change in missing}))
        return warn(
            f"{name} answers, but its rules are not this version's: {names}.",
            "Run `nofx migrate`; `nofx serve` does it at its start, too.",
        )
    return ok(f"{name} answers; validators and indexes are this version's.")


async def check_app(settings: Settings, clock: Clock) -> Finding:
    """Ask GitHub who the App is; raises PrivateKeyError and GitHub's errors."""
    if settings.app_id is None or settings.private_key is None:
        return warn(
            "No GitHub App is set up; `nofx serve` needs one, review and demo do not.",
            "Run `nofx setup`, or set NOFX_APP_ID and NOFX_PRIVATE_KEY_PATH.",
        )
    async with aiohttp.ClientSession() as session:
        app = GitHubApp(
            app_id=settings.app_id,
            private_key=settings.private_key.get_secret_value(),
            api_url=settings.github_url,
            session=session,
            clock=clock,
        )
        return judged_app(await app.identity())


def judged_app(identity: AppIdentity) -> Finding:
    """Say whether the App may do and is told all that nofx needs."""
    missing = missing_permissions(PERMISSIONS, identity.permissions)
    page = "Change it on the App's settings page at GitHub, then accept it where"
    if missing:
        words = ", ".join(f"{name}: {level}" for name, level in missing.items())
        return fail(f"{identity.slug} lacks {words}.", f"{page} it is installed.")
    unheard = sorted(EVENTS - set(identity.events))
    if unheard:
        return warn(
            f"{identity.slug} is not told of {', '.join(unheard)}.",
            f"{page} it is installed.",
        )
    return ok(f"GitHub knows {identity.slug}, with all it needs.")
