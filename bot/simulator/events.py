"""The payloads of check, thread and installation events."""

from bot.simulator.answers import Json
from bot.simulator.records import (
    App,
    CheckRun,
    Installation,
    Pull,
    Repository,
    Suite,
    Thread,
)
from bot.simulator.shapes.basics import installation, node_id, time, user
from bot.simulator.shapes.checks import check_run, suite
from bot.simulator.shapes.pulls import short_pull
from bot.simulator.shapes.repositories import short_repository
from bot.simulator.shapes.reviews import review_comment
from bot.simulator.world import World

SUITE_KEYS_OF_CHECKS = frozenset(
    (
        "id",
        "node_id",
        "head_branch",
        "head_sha",
        "status",
        "conclusion",
        "url",
        "before",
        "after",
        "pull_requests",
        "app",
        "created_at",
        "updated_at",
    )
)


async def check_run_payload(
    world: World, record: Repository, run: CheckRun, action: str
) -> Json:
    """Return a `check_run` event's own part: the run with its suite."""
    head = await record.git.commit(run.suite.head_sha)
    whole = suite(world, record, run.suite, head)
    short = {name: whole[name] for name in whole if name in SUITE_KEYS_OF_CHECKS}
    shown = check_run(world, record, run)
    return {"action": action, "check_run": {**shown, "check_suite": short}}


async def check_suite_payload(
    world: World, record: Repository, one: Suite, action: str
) -> Json:
    """Return a `check_suite` event's own part."""
    head = await record.git.commit(one.head_sha)
    whole = suite(world, record, one, head)
    whole.pop("repository")
    return {"action": action, "check_suite": whole}


def thread_payload(
    world: World, record: Repository, pull: Pull, thread: Thread
) -> Json:
    """Return a `pull_request_review_thread` event's own part."""
    comments = [
        review_comment(world, record, pull, one)
        for one in pull.review_comments
        if one.thread is thread
    ]
    return {
        "action": "resolved" if thread.resolved_by else "unresolved",
        "pull_request": short_pull(world, record, pull),
        "thread": {"node_id": node_id("PRRT", thread.id), "comments": comments},
    }


def installation_payload(world: World, one: Installation, action: str) -> Json:
    """Return a whole `installation` event."""
    records = [world.repository(name) for name in one.repositories]
    return {
        "action": action,
        "installation": installation(world, one),
        "repositories": [short_repository(record) for record in records],
        "requester": None,
        "sender": user(world, one.account),
    }


def repositories_payload(world: World, one: Installation, added: Repository) -> Json:
    """Return a whole `installation_repositories` event of one that was added."""
    return {
        "action": "added",
        "installation": installation(world, one),
        "repository_selection": "selected",
        "repositories_added": [short_repository(added)],
        "repositories_removed": [],
        "requester": None,
        "sender": user(world, one.account),
    }


def ping_payload(world: World, app: App) -> Json:
    """Return a whole `ping` event."""
    made = time(app.created_at)
    return {
        "zen": "Keep it logically awesome.",
        "hook_id": app.id,
        "hook": {
            "type": "App",
            "id": app.id,
            "name": "web",
            "active": True,
            "events": list(app.events),
            "config": {
                "content_type": "json",
                "insecure_ssl": "0",
                "secret": "********",
                "url": app.webhook_url or "",
            },
            "updated_at": made,
            "created_at": made,
            "app_id": app.id,
            "deliveries_url": f"{world.api_url}/app/hook/deliveries",
        },
    }
