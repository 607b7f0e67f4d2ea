"""Deliveries are part of the story that everybody can follow."""

import asyncio
from collections.abc import Callable, Sequence

from core.feed.page import FeedEntry
from core.feed.reader import FeedReader
from tests.fakes.road import REPO, Road, driving

Story = Sequence[FeedEntry]
NO_COMMAND = "the comment holds no command"


async def until(road: Road, told: Callable[[Story], bool]) -> Story:
    """Return what the feed tells of deliveries once something is told."""
    assert road.bot is not None
    reader = FeedReader(road.bot.base.database)
    while True:
        entries = await reader.after(0, limit=1000)
        story = [one for one in entries if one.type.startswith("delivery.")]
        if told(story):
            return story
        await asyncio.sleep(0.02)


def of(story: Story, kind: str, event: str) -> list[FeedEntry]:
    """Return the entries of a type that tell of this event of GitHub's."""
    wanted = f"delivery.{kind}"
    return [one for one in story if one.type == wanted and one.data["event"] == event]


async def test_what_came_and_what_was_ignored_is_told_of_the_pull(road: Road) -> None:
    """By its repository and number, so that its own story has it."""
    number = await road.open_pull()
    await road.github.comment(REPO, number, user="alice", body="Fine with me.")
    await road.until_quiet()

    def talked(story: Story) -> list[FeedEntry]:
        talk = of(story, "ignored", "issue_comment")
        # What the bot itself writes is ignored as well, for another reason.
        return [one for one in talk if one.data["reason"] == NO_COMMAND]

    story = await until(road, lambda told: bool(talked(told)))

    opened = of(story, "received", "pull_request")[0]
    assert opened.about.subject == f"{REPO}#{number}"
    assert opened.data["action"] == "opened"
    assert opened.data["installation_id"] > 0
    (talk,) = talked(story)
    assert talk.about.subject == f"{REPO}#{number}"
    ids = [one.id for one in story]
    assert len(ids) == len(set(ids))


async def test_what_was_untold_at_the_end_is_told_after_the_next_start(
    road: Road,
) -> None:
    """A process that is gone leaves it in the database, for whoever comes."""
    assert road.bot is not None
    number = await road.open_pull()
    await road.until_quiet()
    await until(road, lambda told: bool(of(told, "received", "pull_request")))
    deliveries = road.bot.base.database.db["deliveries"]
    left = {
        "announce": "d_gone",
        "untold": [
            {
                "kind": "dead",
                "at": road.bot.base.clock.now(),
                "reason": "r",
                "attempts": 2,
            }
        ],
    }
    await deliveries.update_many({"event": "pull_request"}, {"$set": left})

    async with driving(road):
        story = await until(
            road, lambda told: bool(of(told, "dead_lettered", "pull_request"))
        )

    assert of(story, "dead_lettered", "pull_request")[0].data["reason"] == "r"
    assert of(story, "received", "pull_request")[0].about.pull == number
