"""Asks every place to redact, again and again, as whoever holds an order does."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.redaction_places import derived_places
from bot.simulator.records import IssueComment, Review, ReviewComment
from core.redaction.places import Derived, Order
from tests.fakes.road import REPO, Road
from tests.fakes.signing import FakeSigner


async def places_on(road: Road, signer: FakeSigner) -> tuple[Derived, ...]:
    """Return the places of the road's bot."""
    assert road.bot is not None
    return derived_places(
        road.bot.base,
        signer=signer,
        operations=road.bot.operations,
        app=road.bot.app,
    )


async def until_reached(places: Sequence[Derived], order: Order) -> dict[str, int]:
    """Ask until a whole round leaves nothing and changes nothing; returns changes."""
    changes = dict.fromkeys((one.name for one in places), 0)
    async with asyncio.timeout(110):
        while True:
            answers = {one.name: await one.redact(order) for one in places}
            for name, answer in answers.items():
                changes[name] += answer.changed
            if not any(one.left or one.changed for one in answers.values()):
                return changes
            await asyncio.sleep(0.05)


def let_the_bot_quote(road: Road, number: int, text: str) -> int:
    """Have every comment and review of our App say a text; returns how many."""
    pull = road.github.world.pull(REPO, number)
    written: list[IssueComment | ReviewComment | Review] = [
        *pull.comments,
        *pull.review_comments,
        *pull.reviews,
    ]
    ours = [one for one in written if one.user == "nofx[bot]" and one.body]
    for one in ours:
        one.body = f"It says {text}.\n\n{one.body}"
    return len(ours)


def said_at_github(road: Road, number: int, text: str) -> list[str]:
    """Return where our App says a text at GitHub."""
    github = road.github
    comments: list[dict[str, Any]] = [
        *github.issue_comments(REPO, number),
        *github.review_comments(REPO, number),
        *github.reviews(REPO, number),
    ]
    checks = github.check_runs(REPO, road.head(number))
    return [
        f"{one['id']}: {one['body']}"
        for one in comments
        if one["user"]["login"] == "nofx[bot]" and text in (one["body"] or "")
    ] + [
        f"{one['id']}: {one['output']}" for one in checks if text in str(one["output"])
    ]
