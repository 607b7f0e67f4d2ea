"""The story of a session: said, remembered, compared, kept secret, ended, answered for.

It is told over the real embedded database, with a clock that the test moves itself;
each act is a test of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.commands.grammar import Command, Verb, parse_command
from bot.commands.wishes import wanted_of
from bot.memory import MemoryParts
from bot.pipeline.memories import Remembrance, Reviewed
from bot.remembering import PullMemory, memories_on, pull_of
from bot.schema import SCHEMA
from bot.webhooks.event_types import IssueCommentCreated
from bot.webhooks.events import parse_event
from core.audit.proof import AuditProver
from core.clock import SystemClock
from core.errors import (
    SealBrokenError,
    SessionHeldError,
    SessionNotFoundError,
    SessionRedactedError,
)
from core.events import schema
from core.memory.compaction import Compaction, conversation, extract
from core.memory.model import Kind, Scope, Session, Source
from core.memory.policy import DAY, HOUR
from core.memory.redaction_rules import PatternTarget
from core.memory.schema import CONTENTS, ITEMS, SESSIONS
from core.runs.model import Run, Subject
from core.runs.states import Status
from core.store.database import Database, connect
from core.store.embedded import EmbeddedServer
from core.store.migrate import migrate
from tests.fakes.clock import FakeClock
from tests.fakes.memory import LASTING, Remembering, message, remembering
from tests.fakes.payloads import comment

SECRET = "correct horse battery staple"
WISH = "/nofx remember width=88 because our screens are wide"
COMMENTS = count(100)
FILES = {"app.py": b"print('hello')\n", "util.py": b"def help(): ...\n"}


@dataclass(frozen=True, kw_only=True)
class Story:
    """A pull request and all that remembers it."""

    here: Remembering
    pulls: PullMemory
    event: IssueCommentCreated

    def run(self, name: str) -> Run:
        """Return a run of the pull request."""
        now = self.here.clock.now()
        return Run(
            id=f"run_{name}",
            subject=Subject(
                repository=self.event.repository,
                pull=self.event.number,
                head_sha=name * 40,
                installation_id=self.event.installation_id,
            ),
            created_at=now,
            status=Status.RUNNING,
            trail=(Status.RUNNING,),
            head_seq=1,
            due_at=now,
            queued_at=now,
            family=f"run_{name}",
        )

    @property
    def scope(self) -> Scope:
        """Return what the pull request's session belongs to."""
        return pull_of(self.run("a")).scope

    async def session(self) -> Session:
        """Return the pull request's session."""
        found = await self.pulls.found(self.scope)
        assert found is not None
        return found

    async def say(self, text: str) -> None:
        """Let the person of the webhook's comment say something else."""
        await self.pulls.said(
            pull_of(self.run("a")),
            text,
            author=self.event.author,
            source=Source.COMMAND,
            refs={"comment": str(next(COMMENTS))},
            fork=_no,
        )

    async def wish(self) -> None:
        """Give the command of the webhook: something is to be remembered."""
        asked = parse_command(self.event.body)
        assert isinstance(asked, Command)
        assert asked.verb is Verb.REMEMBER
        _, preferences = self.pulls.kept()
        session = await self.pulls.session(pull_of(self.run("a")), _no)
        wanted = wanted_of(asked.arguments, name="unnamed")
        await preferences.set(
            session.id, wanted.wish, actor=self.event.author, once="preference/1"
        )

    async def recalled(self) -> Remembrance:
        """Return what the next review is given."""
        return await self.pulls.preferences(self.run("b"), fork=False)

    async def review(self, name: str, files: Mapping[str, bytes]) -> str:
        """Review files in a run, and return what was said to have changed."""

        async def read() -> Mapping[str, bytes]:
            return files

        run, given = self.run(name), await self.recalled()
        since = await self.pulls.since_last(run, fork=False, files=read)
        verdict = Reviewed(
            fork=False,
            verdict="success: nothing found",
            number=0,
            recalled=given.recalled,
            files=read,
        )
        await self.pulls.reviewed(run, verdict)
        return since


async def _no() -> bool:
    return False


def dumped(folder: Path) -> bytes:
    """Return all that lies in the files of a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


def received(body: str) -> IssueCommentCreated:
    """Return the event of a comment as GitHub's webhook brings it."""
    payload: dict[str, Any] = comment()
    payload["comment"]["body"] = body
    event = parse_event("issue_comment", payload, app_id=1)
    assert isinstance(event, IssueCommentCreated)
    return event


@pytest.fixture
async def story(database: Database, clock: FakeClock) -> AsyncIterator[Story]:
    """Give a pull request of which nothing is remembered yet."""
    await migrate(database, SCHEMA)
    here = await remembering(database, clock)
    parts = MemoryParts(
        kept=here.memory,
        store=here.store,
        backup_days=30,
        redacting=here.redactions,
    )
    yield Story(here=here, pulls=memories_on(database, parts), event=received(WISH))
    await here.close()


async def test_a_command_opens_the_session(story: Story) -> None:
    """The webhook's own pull request, and a second delivery changes nothing."""
    for _ in range(2):
        await story.wish()
    session = await story.session()
    assert session.scope.repository == story.event.repository
    assert session.scope.pull == story.event.number
    assert len(await story.here.memory.read(session.id)) == 1


async def test_the_next_review_recalls_it(story: Story) -> None:
    """As a typed value, from whom and why."""
    await story.wish()
    (wanted,) = (await story.recalled()).preferences
    assert (wanted.name, wanted.value, wanted.why) == (
        "width",
        "88",
        "our screens are wide",
    )
    assert wanted.set_by == story.event.author


async def test_a_review_says_what_changed_by_content(story: Story) -> None:
    """Whatever the commits are called."""
    assert await story.review("a", FILES) == ""
    assert await story.review("b", FILES) == (
        "0 of 2 files changed since the last review"
    )
    changed = {"app.py": b"print('bye')\n", "tools.py": FILES["util.py"]}
    assert await story.review("c", changed) == (
        "1 of 2 files changed, 1 moved since the last review"
    )


async def test_a_verdict_is_kept_once_with_what_it_was_made_from(story: Story) -> None:
    """The preference is in its lineage, the run in its refs."""
    await story.wish()
    for _ in range(2):
        await story.review("a", FILES)
    session = await story.session()
    items = await story.here.memory.read(session.id)
    assert [one.facts.kind for one in items] == [
        Kind.PREFERENCE,
        Kind.SNAPSHOT,
        Kind.MESSAGE,
    ]
    assert items[2].facts.lineage == (1,)
    assert items[2].facts.refs["run"] == "run_a"


async def test_nothing_of_it_is_readable_in_the_files_of_the_database(
    tmp_path: Path, clock: FakeClock
) -> None:
    """Grep finds the repository's name, and nothing that was said or reviewed."""
    async with EmbeddedServer.running(tmp_path, clock=SystemClock()) as server:
        database = connect(server.url, embedded=True)
        await migrate(database, SCHEMA)
        here = await remembering(database, clock)
        session = await here.memory.of(Scope(kind="actor", actor="wiredtiger-proof"))
        await here.memory.append(session.id, [message(SECRET)] * 50)
        await here.close()
        await database.close()
    dump = await asyncio.to_thread(dumped, tmp_path)
    assert b"wiredtiger-proof" in dump
    for word in SECRET.encode().split():
        assert word not in dump


async def test_two_contents_that_were_swapped_are_refused(story: Story) -> None:
    """Never is the one shown for the other."""
    await story.say("one")
    await story.say("two")
    session, items = await story.session(), story.here.database.db[ITEMS]
    other = await items.find_one({"_id": f"{session.id}:2"})
    assert other is not None
    taken = {name: other[name] for name in ("sealed", "digest")}
    await items.update_one({"_id": f"{session.id}:1"}, {"$set": taken})
    with pytest.raises(SealBrokenError):
        await story.here.memory.read(session.id)


async def test_people_are_told_before_it_ends_each_time_once(
    story: Story, clock: FakeClock
) -> None:
    """Seven days, a day and an hour before, whoever sweeps beside."""
    await story.say("hello")
    await story.here.memory.sealing.flush()
    session = await story.session()
    beside = await remembering(story.here.database, clock)
    clock.jump(82 * DAY)
    for left in (8 * DAY, 7 * DAY, DAY, HOUR):
        end = (await story.session()).expires_at
        clock.jump((end - clock.now()).total_seconds() - left + 1)
        await asyncio.gather(story.here.sweeper.sweep(), beside.sweeper.sweep())
    told = [
        one.threshold
        for one in await story.here.memory.sealing.telling.events(session.id)
        if isinstance(one, schema.MemoryExpiring)
    ]
    assert told == [7 * DAY, DAY, HOUR]
    await beside.close()


async def test_what_is_held_outlives_its_end(story: Story, clock: FakeClock) -> None:
    """Until it is released; whoever would erase it is told the reason."""
    await story.say("hello")
    await story.here.memory.sealing.flush()
    session, mortality = await story.session(), story.here.mortality
    hold = await mortality.hold(
        session.id, kind="legal", reason="a lawsuit", actor="boss"
    )
    clock.jump(200 * DAY)
    await story.here.sweeper.sweep()
    with pytest.raises(SessionHeldError, match="a lawsuit"):
        await mortality.end(session.id, actor="boss", reason="tidy up")
    assert len(await story.here.memory.read(session.id)) == 1
    await mortality.release(session.id, hold.id, actor="boss", reason="it is over")
    await mortality.end(session.id, actor="boss", reason="tidy up")
    with pytest.raises(SessionNotFoundError):
        await story.here.memory.read(session.id)


async def test_a_redaction_reaches_the_summary(story: Story) -> None:
    """Wherever the text was in the session, it is not any more."""
    for text in (f"it is {SECRET}", "thanks", "done"):
        await story.say(text)
    session, memory = await story.session(), story.here.memory
    await Compaction(memory, story.here.redactions).compact(session.id, extract, keep=1)
    assert SECRET in str(await conversation(memory, session.id))

    await story.here.redactions.request(
        session.id,
        PatternTarget(pattern="correct horse [a-z ]+"),
        reason="it was a password",
        actor="boss",
    )

    assert SECRET not in str(await memory.read(session.id))
    texts = [one.content for one in (await conversation(memory, session.id)).items]
    assert {"text": "thanks"} in texts


async def test_who_read_before_a_redaction_writes_nothing_of_it(story: Story) -> None:
    """Neither does a review that was under way."""
    await story.wish()
    given = await story.recalled()
    await story.say(SECRET)
    session = await story.session()
    await story.here.redactions.request(
        session.id,
        PatternTarget(pattern="correct horse [a-z ]+"),
        reason="it was a password",
        actor="boss",
    )
    with pytest.raises(SessionRedactedError):
        await story.here.memory.append(
            session.id, [message(SECRET)], epoch=given.recalled[0].epoch
        )


async def test_what_cannot_be_kept_fails_nothing_but_its_record(story: Story) -> None:
    """Half a surrogate pair is JSON, and cannot be written in UTF-8."""
    await story.say("half of it \ud83d")
    await story.say("hello")
    items = await story.here.memory.read((await story.session()).id)
    assert [one.content for one in items] == [{"text": "hello"}]


async def test_what_is_held_of_the_past_does_not_end_the_talk(
    story: Story, clock: FakeClock
) -> None:
    """A session of which one item is kept is over; the next words begin another."""
    await story.say("hello")
    await story.here.memory.sealing.flush()
    past = await story.session()
    await story.here.mortality.hold(
        past.id, kind="legal", reason="case", actor="boss", items=(1,)
    )
    clock.jump(2 * LASTING.days * DAY)
    for _ in range(2):
        await story.say("hello again")
        await story.here.memory.sealing.flush()
    session = await story.session()
    assert session.id != past.id
    assert len(await story.here.memory.read(session.id)) == 2
    assert len(await story.here.memory.read(past.id)) == 1


async def test_what_is_erased_is_gone_with_its_key(story: Story) -> None:
    """The tombstone says when it was gone here, and when in every backup."""
    await story.wish()
    await story.review("a", FILES)
    await story.here.memory.sealing.flush()
    session, db = await story.session(), story.here.database.db
    await story.here.mortality.end(session.id, actor="boss", reason="asked to")

    stored = await db[SESSIONS].find_one({"_id": session.id})
    assert stored is not None
    assert (stored["state"], "key" in stored) == ("ended", False)
    shredded = stored["shredded"]
    assert shredded["effective_live_at"] < shredded["effective_backups_by"]
    for name in (ITEMS, CONTENTS):
        left = await db[name].find({"session": session.id}).to_list(None)
        assert all("sealed" not in one for one in left)
    assert (await story.recalled()).preferences == ()


async def test_the_audit_answers_for_it(story: Story) -> None:
    """Each act of somebody stands in a chain, and the chain is proved."""
    await story.say("hello")
    await story.here.memory.sealing.flush()
    session, mortality = await story.session(), story.here.mortality
    hold = await mortality.hold(
        session.id, kind="pinned", reason="an example", actor="boss"
    )
    await mortality.release(session.id, hold.id, actor="boss", reason="no more")
    await mortality.end(session.id, actor="boss", reason="asked to")
    proof = await AuditProver(story.here.journal).prove()
    assert proof.entries >= 3
    again = await AuditProver(story.here.journal).prove(proof.head)
    assert again == replace(proof, anchored=True)
