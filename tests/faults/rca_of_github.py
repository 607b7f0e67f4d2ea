"""Faults at GitHub, by the simulator's switch and by what people do there."""

from typing import Any

from bot.simulator.branches import move
from bot.simulator.faults import Kind
from core.review.findings import Severity
from core.review.reviewer import ReviewRequest
from tests.fakes.road import REPO, RISKY
from tests.fakes.scripted_model import remark
from tests.faults.rca_provoking import How, Provoked
from tests.faults.rca_scene import Scene

REVIEWS = r"/pulls/{number}/reviews$"
PULL = r"/pulls/{number}$"
SUMMARY = r"/issues/{number}/comments$"
COMPARE = r"/compare/"


def faulty(
    kind: Kind, path: str, *, method: str = "GET", tries: int = 1, **more: Any
) -> How:
    """Return how requests to a path go wrong while a run is worked `tries` times."""

    async def do(scene: Scene) -> str:
        asked = await scene.asked()
        at = path.format(number=asked.number)
        scene.fault(kind, at, method=method, **more)
        await scene.work(asked.run_id, times=tries)
        return asked.run_id

    return do


async def review_refused(scene: Scene) -> str:
    """Let GitHub take no review at all, whatever is in it."""
    asked = await scene.asked({"app.py": RISKY})
    scene.fault("403", REVIEWS.format(number=asked.number), method="POST")
    await scene.work(asked.run_id)
    return asked.run_id


async def base_moved(scene: Scene) -> str:
    """Let the base take up one of two commits while the model reads both."""
    first = scene.road.repository.commit({"moved.py": "LINE = 1\n"}, branch="two")
    asked = await scene.asked({"other.py": "LINE = 2\n"}, branch="two")
    record = scene.road.github.world.repository(REPO)
    pull = scene.road.github.world.pull(REPO, asked.number)

    async def says(_: ReviewRequest) -> str:
        now = scene.base.clock.now()
        await move(record, pull, base=first, head=pull.head_sha, now=now)
        return remark("moved.py", 1, Severity.INFO)

    await scene.work(asked.run_id, says=says)
    return asked.run_id


async def lines_refused(scene: Scene) -> str:
    """Let GitHub say that no comment stands on a line of its diff."""
    asked = await scene.asked({"lines.py": "COUNT = 1\n"})
    for path in (r"/pulls/\d+/reviews$", r"/pulls/\d+/comments$"):
        scene.fault("422", path, method="POST", times=2 if "reviews" in path else 9)

    async def says(_: ReviewRequest) -> str:
        return remark("lines.py", 1, Severity.INFO)

    await scene.work(asked.run_id, says=says)
    return asked.run_id


async def head_moved(scene: Scene) -> str:
    """Push while the webhook that tells of it is lost."""
    asked = await scene.asked()
    github = scene.road.github
    assert scene.road.bot is not None
    github.set_webhook_url(f"{scene.road.bot.url}/nowhere")
    try:
        await scene.push(asked, {"app.py": "NAME = 'pushed unseen'\n"})
    finally:
        github.set_webhook_url(f"{scene.road.bot.url}/webhooks/github")
    await scene.work(asked.run_id)
    return asked.run_id


GITHUB = (
    Provoked(
        name="github_unauthorized",
        how="GitHub answers 401",
        do=faulty("401", PULL),
    ),
    Provoked(
        name="github_forbidden",
        how="GitHub answers 403 to a review",
        do=review_refused,
    ),
    Provoked(
        name="github_not_found",
        how="GitHub answers 404",
        do=faulty("404", PULL),
    ),
    Provoked(
        name="github_invalid",
        how="GitHub answers 422 to the summary",
        do=faulty("422", SUMMARY, method="POST"),
    ),
    Provoked(
        name="github_rate_limited",
        how="GitHub's secondary limit holds for an hour",
        do=faulty("secondary_limit", PULL, seconds=3600),
    ),
    Provoked(
        name="github_rate_limited",
        how="GitHub's hourly budget is spent",
        do=faulty("primary_limit", COMPARE, seconds=1800),
    ),
    Provoked(
        name="github_unavailable",
        how="GitHub answers 502 until the run is given up",
        do=faulty("502", COMPARE, tries=2),
    ),
    Provoked(
        name="github_unavailable",
        how="GitHub answers 503, and the run waits for its next try",
        do=faulty("503", PULL),
    ),
    Provoked(
        name="github_unavailable",
        how="connections to GitHub break",
        do=faulty("drop", PULL, tries=2),
    ),
    Provoked(
        name="unclear_write",
        how="the answer to a summary that stands is lost",
        do=faulty("lost_response", SUMMARY, method="POST", times=1),
    ),
    Provoked(
        name="unclear_write",
        how="no answer to a summary ever comes",
        do=faulty("drop", SUMMARY, method="POST", tries=2),
    ),
    Provoked(
        name="anchor_rejected",
        how="the base moves on, so that a comment's line is in no diff",
        do=base_moved,
    ),
    Provoked(
        name="anchor_rejected",
        how="GitHub takes no comment on any line",
        do=lines_refused,
    ),
    Provoked(name="head_moved", how="a push whose webhook never comes", do=head_moved),
)
