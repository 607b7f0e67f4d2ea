"""A text is taken out of everything that a review of a pull request made of it."""

import re
from collections.abc import Sequence

import pytest

from bot.api.parts import verification
from core.errors import BlobRedactedError
from core.events.schema import CheckpointCaptured
from core.events.tombstones import FIELD
from core.feed.proof import FeedProver
from core.feed.query import EventFilter
from core.feed.replay import Replay
from core.redaction.places import Derived
from core.redaction.public_keys import public_keys
from tests.fakes.raw import places_of
from tests.fakes.redacting import (
    let_the_bot_quote,
    places_on,
    said_at_github,
    until_reached,
)
from tests.fakes.road import REPO, RISKY, Road
from tests.fakes.signing import FakeSigner, order, publish

SECRET = "rosinante-the-horse"
SIGNER = FakeSigner()


async def reviewed(road: Road) -> int:
    """Have a pull request reviewed that says the secret wherever people can."""
    road.repository.commit(
        {f"{SECRET}.py": RISKY, "app.py": f"NAME = '{SECRET}'\n" + RISKY},
        f"Name it {SECRET}",
        branch="feature",
    )
    number = await road.github.open_pull(
        REPO, base="main", head="feature", title="A name", body=f"It is {SECRET}."
    )
    await road.until_checked(number)
    await road.github.comment(
        REPO, number, f"/nofx waive static_analysis for {SECRET} is a good name"
    )
    await road.until(lambda: road.check(number)["conclusion"] == "neutral")
    await road.until_runs_end()
    await road.until_quiet()
    let_the_bot_quote(road, number, SECRET)
    return number


async def broken(road: Road) -> list[str]:
    """Return what does not verify any more."""
    assert road.bot is not None
    base = road.bot.base
    known = await public_keys(base.database)
    found = []
    for run in await road.runs():
        proof = await verification(base.runs.journal, base.blobs, run["_id"], known)
        found += [] if proof.intact else [f"{proof.broken_seq}: {proof.reason}"]
    difference = (await FeedProver(base.database, clock=base.clock).prove()).difference
    return found + ([difference] if difference else [])


@pytest.fixture
async def places(road: Road) -> Sequence[Derived]:
    """Give the places of a bot whose signatures are known."""
    assert road.bot is not None
    await publish(road.bot.base.database, SIGNER)
    return await places_on(road, SIGNER)


async def test_nothing_of_it_is_left_anywhere(
    road: Road, places: Sequence[Derived]
) -> None:
    """Not in the raw database, not in our words at GitHub; and histories are proved."""
    assert road.bot is not None
    number = await reviewed(road)
    database = road.bot.base.database
    held = {re.split(r"[ ]", one)[0] for one in await places_of(database, SECRET)}
    assert {"journal", "feed", "blobs", "deliveries"} <= held
    assert said_at_github(road, number, SECRET)
    changes = await until_reached(places, order(SECRET, pull=number))
    assert all(changes[one] for one in ("runs", "feed", "deliveries", "github"))
    assert await places_of(database, SECRET) == []
    assert said_at_github(road, number, SECRET) == []
    assert await broken(road) == []
    again = await until_reached(places, order(SECRET, pull=number))
    assert set(again.values()) == {0}
    page = await Replay(database).page(EventFilter(words=frozenset({"rosinante"})))
    assert page.entries == ()


async def test_what_is_asked_for_afterwards_says_that_it_was_redacted(
    road: Road, places: Sequence[Derived]
) -> None:
    """A run can be looked at as before; its large parts say why they are not there."""
    assert road.bot is not None
    number = await reviewed(road)
    base = road.bot.base
    await until_reached(places, order(SECRET, pull=number))
    (run,) = await road.runs()
    assert (await base.runs.load(run["_id"])).terminal
    gone = await base.database.db["blobs"].find({"codec": "gone"}).to_list(None)
    assert gone
    with pytest.raises(BlobRedactedError):
        await base.blobs.get(gone[0]["_id"])


async def test_a_pull_request_beside_it_keeps_the_text(
    road: Road, places: Sequence[Derived]
) -> None:
    """What another pull request said is not this order's to take."""
    assert road.bot is not None
    number = await reviewed(road)
    road.repository.commit({"b.py": "B = 1\n"}, "Other", branch="other")
    other = await road.github.open_pull(REPO, base="main", head="other")
    await road.until_checked(other)
    await road.until_quiet()
    said = said_at_github(road, number, SECRET)
    before = set(await places_of(road.bot.base.database, SECRET))
    changes = await until_reached(places, order(SECRET, pull=other))
    assert changes.pop("deliveries") <= 2
    # A bundle tells of other pull requests too, so all of them are built anew.
    changes.pop("bundles")
    assert set(changes.values()) == {0}
    left = set(await places_of(road.bot.base.database, SECRET))
    spared = ("deliveries", "bundle")
    assert {one for one in before - left if not one.startswith(spared)} == set()
    assert said_at_github(road, number, SECRET) == said


async def test_a_run_under_way_is_called_off_and_gone_through_later(
    road: Road, places: Sequence[Derived], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its worker may still write there is something left; then nothing is."""
    monkeypatch.setattr("bot.pipeline.telling.LASTING", 0.05)
    assert road.bot is not None
    road.github.faults.add(kind="slow", path=r"/compare/", seconds=2)
    number = await road.open_pull(title=f"About {SECRET}")
    head = road.head(number)
    await road.until(
        lambda: (
            bool(road.github.check_runs(REPO, head))
            and road.check(number)["status"] == "in_progress"
        )
    )
    runs = next(one for one in places if one.name == "runs")
    first = await runs.redact(order(SECRET, pull=number))
    assert "under way" in first.left
    await until_reached(places, order(SECRET, pull=number))
    (run,) = await road.runs()
    assert run["status"] == "cancelled"
    assert await places_of(road.bot.base.database, SECRET) == []
    assert await broken(road) == []


async def test_a_forged_redaction_is_found(
    road: Road, places: Sequence[Derived]
) -> None:
    """Who changes an entry more than was signed for, or signs himself, is told of."""
    assert road.bot is not None
    number = await reviewed(road)
    await until_reached(places, order(SECRET, pull=number))
    journal = road.bot.base.database.db["journal"]
    entries = await journal.find({FIELD: {"$exists": True}}).to_list(None)
    entry = next(one for one in entries if one["stream"].startswith("run/"))
    other = next(one for one in entries if one["_id"] != entry["_id"])
    forger = FakeSigner(seed=b"x")
    for made in (
        {FIELD: other[FIELD]},
        {FIELD: {**entry[FIELD], "signature": forger.sign(b"all is well")}},
        {FIELD: {**entry[FIELD], "redaction": "red_2"}},
        {"fence": 99},
    ):
        await journal.update_one({"_id": entry["_id"]}, {"$set": made})
        assert await broken(road), made
        back = {name: entry[name] for name in made}
        await journal.update_one({"_id": entry["_id"]}, {"$set": back})
        assert await broken(road) == []
    await journal.update_one({"_id": entry["_id"]}, {"$unset": {FIELD: ""}})
    assert await broken(road)


async def test_a_blob_that_was_simply_taken_away_is_damage(road: Road) -> None:
    """A tombstone that nobody known signed is no redaction."""
    assert road.bot is not None
    await publish(road.bot.base.database, SIGNER)
    await reviewed(road)
    (run,) = await road.runs()
    database = road.bot.base.database
    commits = await road.bot.base.runs.history(run["_id"])
    named = next(
        digest
        for commit in commits
        for event in commit.events
        if isinstance(event, CheckpointCaptured)
        for digest in event.artifacts.values()
    )
    assert await broken(road) == []
    await database.db["blobs"].update_one(
        {"_id": named},
        {
            "$set": {
                "codec": "gone",
                "gone": {"at": "", "redaction": "", "key": "sign_1", "signature": b""},
            },
            "$unset": {"data": "", "parts": ""},
        },
    )
    (said,) = await broken(road)
    assert "nobody known signed" in said
