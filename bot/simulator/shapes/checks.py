"""Check runs, suites and hook deliveries as GitHub's REST shows them."""

from bot.simulator.answers import Json
from bot.simulator.git import Commit
from bot.simulator.records import CheckRun, Delivery, Pull, Repository, Suite
from bot.simulator.shapes.basics import app, maybe_time, node_id, time
from bot.simulator.shapes.repositories import repository
from bot.simulator.world import World


def check_run(world: World, record: Repository, run: CheckRun) -> Json:
    """Return a check run."""
    url = f"{world.api_url}/repos/{record.full_name}/check-runs/{run.id}"
    page = f"{world.url}/{record.full_name}/runs/{run.id}"
    return {
        "id": run.id,
        "node_id": node_id("CR", run.id),
        "head_sha": run.suite.head_sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": page,
        "details_url": run.details_url or page,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": maybe_time(run.started_at),
        "completed_at": maybe_time(run.completed_at),
        "output": {
            "title": run.output.get("title"),
            "summary": run.output.get("summary"),
            "text": run.output.get("text"),
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "name": run.name,
        "check_suite": {"id": run.suite.id},
        "app": app(world, run.suite.app),
        "pull_requests": pulls_of(world, record, run.suite.head_sha),
    }


def pulls_of(world: World, record: Repository, sha: str) -> list[Json]:
    """Return the open pull requests of a head; those from forks are left out."""
    return [
        _small_pull(world, record, pull)
        for pull in record.pulls.values()
        if pull.head_sha == sha and pull.fork is None and pull.closed_at is None
    ]


def _small_pull(world: World, record: Repository, pull: Pull) -> Json:
    """Return the little that a check says of a pull request."""
    url = f"{world.api_url}/repos/{record.full_name}"
    repo = {"id": record.id, "url": url, "name": record.name}
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{url}/pulls/{pull.number}",
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": repo},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": repo},
    }


def state_of(runs: list[CheckRun]) -> tuple[str, str | None]:
    """Return a suite's status and conclusion from those of its runs."""
    if not runs:
        return "queued", None
    if any(run.status != "completed" for run in runs):
        return "in_progress", None
    worst = ("failure", "timed_out", "action_required", "cancelled", "neutral")
    said = {run.conclusion for run in runs}
    return "completed", next((one for one in worst if one in said), "success")


def suite(world: World, record: Repository, one: Suite, head: Commit) -> Json:
    """Return a check suite and the commit that it is about."""
    url = f"{world.api_url}/repos/{record.full_name}/check-suites/{one.id}"
    runs = [run for run in record.checks.values() if run.suite is one]
    status, conclusion = state_of(runs)
    pulls = [pull for pull in record.pulls.values() if pull.head_sha == one.head_sha]
    return {
        "id": one.id,
        "node_id": node_id("CS", one.id),
        "head_branch": pulls[0].head_ref if pulls and not pulls[0].fork else None,
        "head_sha": one.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": url,
        "before": head.parents[0] if head.parents else None,
        "after": one.head_sha,
        "pull_requests": pulls_of(world, record, one.head_sha),
        "app": app(world, one.app),
        "created_at": time(one.created_at),
        "updated_at": time(one.created_at),
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{url}/check-runs",
        "head_commit": {
            "id": head.sha,
            "tree_id": head.tree,
            "message": head.message,
            "timestamp": head.committer[2],
            "author": {"name": head.author[0], "email": head.author[1]},
            "committer": {"name": head.committer[0], "email": head.committer[1]},
        },
        "repository": repository(world, record),
    }


def delivery(one: Delivery) -> Json:
    """Return a delivery as the list shows it."""
    payload = one.payload
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": time(one.delivered_at),
        "redelivery": one.redelivery,
        "duration": round(one.duration, 3),
        "status": one.status,
        "status_code": one.status_code,
        "event": one.event,
        "action": payload.get("action"),
        "installation_id": payload.get("installation", {}).get("id"),
        "repository_id": payload.get("repository", {}).get("id"),
        "throttled_at": None,
    }


def full_delivery(one: Delivery) -> Json:
    """Return a delivery with what was sent and answered."""
    return {
        **delivery(one),
        "url": one.app.webhook_url or "",
        "request": {"headers": dict(one.request_headers), "payload": one.payload},
        "response": {
            "headers": dict(one.response_headers),
            "payload": one.response_body,
        },
    }
