"""A process dies at any write of an alert or an erasure, and another goes on."""

from collections import Counter
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

import pytest

from bot.schema import SCHEMA
from core.errors import SessionNotFoundError
from core.memory.policy import DAY
from core.memory.schema import CONTENTS, ITEMS, SESSIONS
from core.store.database import Database
from core.store.migrate import migrate
from tests.fakes.notified import Receiver, receiving
from tests.faults import mortal_stories as stories
from tests.faults.deaths import Cradle, Death, Said, Story, cradle, deaths
from tests.faults.mortal_stories import AFTER, HOOK, ITEMS_LIVE, LIFE

USED = (
    *("journal", "writers", "roles", SESSIONS, ITEMS, CONTENTS, "memory_alerts"),
    "memory_keys",
)
# `make soak` tries every point.
SAMPLES = [13, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]


class Ground:
    """A database on which processes live and die, and somebody who is notified."""

    def __init__(
        self, database: Database, folder: Path, cradle: Cradle, receiver: Receiver
    ) -> None:
        self.database = database
        self.receiver = receiver
        self._folder = folder
        self._cradle = cradle

    async def empty(self) -> None:
        """Take away what the last one left."""
        for name in USED:
            await self.database.db[name].delete_many({})
        self.receiver.taken.clear()

    def said(self, death: Death) -> Said:
        """Return where a process writes down what it says."""
        return Said(self._folder / f"{death.when}-{death.write}")

    async def dies(self, story: Story, death: Death) -> bool:
        """Let a process live through a story; False when it came to its end."""
        name = self.database.db.name
        return await self._cradle.dies(story, name, self.said(death), death)

    async def told(self, session_id: str) -> Counter[str]:
        """Return how often each type of event was told of a session."""
        here = await stories.process(self.database, 0)
        events = await here.memory.sealing.telling.events(session_id)
        await here.close()
        return Counter(one.type for one in events)

    async def audited(self) -> Counter[str]:
        """Return how often each action is in the audit."""
        here = await stories.process(self.database, 0)
        entries = [one.events[0] for one in await here.audit.volume(1)]
        await here.close()
        return Counter(str(getattr(one, "action", "")) for one in entries)

    async def read(self, session_id: str, ahead: float) -> list[int]:
        """Return which items can be read at a time; none of what is not there."""
        here = await stories.process(self.database, ahead)
        try:
            return [one.seq for one in await here.memory.read(session_id)]
        except SessionNotFoundError:
            return []
        finally:
            await here.close()

    async def sealed(self) -> list[int]:
        """Return which items have a content in the database, opened or not."""
        found = await self.database.db[ITEMS].find({}).to_list(None)
        return sorted(one["seq"] for one in found if "sealed" in one)

    async def state(self, session_id: str) -> tuple[str, bool, int]:
        """Return a session's state, whether it has a key, and how many contents."""
        found = await self.database.db[SESSIONS].find_one({"_id": session_id})
        assert found is not None
        contents = await self.database.db[CONTENTS].find({}).to_list(None)
        return found["state"], "key" in found, len(contents)


@pytest.fixture
async def ground(
    database: Database, mongodb_url: str, tmp_path: Path
) -> AsyncIterator[Ground]:
    """Give an empty ground."""
    await migrate(database, SCHEMA)
    async with cradle(mongodb_url, stories.__name__) as born, receiving() as receiver:
        await database.db[HOOK].insert_one({"_id": "url", "url": receiver.url})
        yield Ground(database, tmp_path, born, receiver)


@pytest.mark.parametrize("step", SAMPLES)
async def test_each_alert_is_told_once_and_arrives_under_one_key(
    ground: Ground, step: int
) -> None:
    """Whoever died between an answer and its record sent it under the same key."""
    met = 0
    for death in islice(deaths(), 0, None, step):
        await ground.empty()
        session_id = await stories.leave_session(ground.database)
        if not await ground.dies(stories.alert, death):
            break
        met = death.write
        due = LIFE - 7 * DAY + 60
        assert await ground.read(session_id, due) == [1, 2], death
        await stories.sweep_at(ground.database, due + AFTER, due + 2 * AFTER)
        told = await ground.told(session_id)
        assert (told["memory.expiring"], told["memory.notified"]) == (1, 1), death
        assert list(ground.receiver.keys) == [
            f"{session_id}/session/1/{7 * DAY}/http"
        ], death
        assert await ground.read(session_id, due) == [1, 2], death
    assert met >= 6


@pytest.mark.parametrize("step", SAMPLES)
async def test_what_is_over_is_erased_once_and_never_read(
    ground: Ground, step: int
) -> None:
    """Whether the key, the contents or the story came last."""
    met = 0
    for death in islice(deaths(), 0, None, step):
        await ground.empty()
        session_id = await stories.leave_alerted(ground.database)
        if not await ground.dies(stories.erase, death):
            break
        met = death.write
        assert await ground.read(session_id, LIFE + 60) == [], death
        await stories.sweep_at(ground.database, LIFE + 60 + AFTER)
        assert await ground.state(session_id) == ("ended", False, 0), death
        assert await ground.sealed() == [], death
        told = await ground.told(session_id)
        assert (told["memory.expiring"], told["memory.erased"]) == (3, 1), death
        assert len(ground.receiver.keys) == 3, death
    assert met >= 6


@pytest.mark.parametrize("step", SAMPLES)
async def test_items_that_are_over_go_alone_and_the_chain_holds(
    ground: Ground, step: int
) -> None:
    """Another process reads what is left, and proves it."""
    met = 0
    for death in islice(deaths(), 0, None, step):
        await ground.empty()
        session_id = await stories.leave_items(ground.database)
        if not await ground.dies(stories.erase_items, death):
            break
        met = death.write
        read = await ground.read(session_id, ITEMS_LIVE + 60)
        assert {1, 2} <= set(read) <= {1, 2, 5, 6}, death
        await stories.sweep_at(ground.database, ITEMS_LIVE + 60 + AFTER)
        left = await ground.read(session_id, ITEMS_LIVE + 60 + AFTER)
        assert left == await ground.sealed(), death
        assert not {3, 4} & set(left), death
        told = await ground.told(session_id)
        assert (told["memory.expiring"], told["memory.erased"]) == (2, 1), death
        assert (await ground.state(session_id))[:2] == ("live", True), death
    assert met >= 6


@pytest.mark.parametrize("step", SAMPLES)
async def test_what_somebody_deletes_is_there_or_gone(
    ground: Ground, step: int
) -> None:
    """Once it is not to be read, nobody needs to ask again for it to be erased."""
    met = 0
    for death in islice(deaths(), 0, None, step):
        await ground.empty()
        session_id = await stories.leave_session(ground.database)
        if not await ground.dies(stories.delete, death):
            break
        met = death.write
        read = await ground.read(session_id, 0)
        assert read in ([], [1, 2]), death
        await stories.sweep_at(ground.database, AFTER)
        told = await ground.told(session_id)
        if read:
            assert await ground.state(session_id) == ("live", True, 1), death
            assert told["memory.erased"] == 0, death
        else:
            assert await ground.state(session_id) == ("ended", False, 0), death
            assert await ground.sealed() == [], death
            assert told["memory.erased"] == 1, death
    assert met >= 6


@pytest.mark.parametrize("step", SAMPLES)
async def test_what_somebody_wished_is_told_once_and_answered_for(
    ground: Ground, step: int
) -> None:
    """Also when whoever wished it died before saying so."""
    met = 0
    for death in islice(deaths(), 0, None, step):
        await ground.empty()
        session_id = await stories.leave_session(ground.database)
        if not await ground.dies(stories.wish, death):
            break
        met = death.write
        await stories.sweep_at(ground.database, AFTER)
        found = await ground.database.db[SESSIONS].find_one({"_id": session_id})
        assert found is not None
        told = await ground.told(session_id)
        held, released = told["memory.held"], told["memory.released"]
        assert held - released == len(found["holds"]), death
        assert ("purge_after" in found) == (not found["holds"]), death
        assert told["memory.renewed"] == found["generation"] - 1, death
        audited = await ground.audited()
        for verb, count in (
            ("hold", held),
            ("release", released),
            ("renew", told["memory.renewed"]),
        ):
            assert (audited[f"memory.{verb}"] > 0) == (count > 0), death
    assert met >= 6
