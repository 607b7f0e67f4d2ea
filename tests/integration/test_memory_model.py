"""Session memory beside a plain list: two writers, deaths, time, holds, keys."""

import asyncio
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.schema import SCHEMA
from core.errors import (
    ItemNotFoundError,
    SessionHeldError,
    SessionMovedError,
    SessionNotFoundError,
    SessionRedactedError,
)
from core.memory.keys.rotation import Rotation
from core.memory.policy import USUAL
from core.memory.redaction_rules import MessageTarget
from core.store.database import Database, connect
from core.store.migrate import migrate
from tests.fakes.memory import PULL, message
from tests.fakes.memory_walk import MemoryWalk

T = TypeVar("T")
NUMBERS = count(1)
HOUR = 3600
WHO = st.integers(0, 1)
# On one line each: of what is redacted, long lines go elsewhere too.
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
TEXTS = st.lists(WORDS, min_size=1, max_size=3)
ENDS = st.none() | st.integers(1, 60)


class MemoryMachine(MemoryWalk):
    """Does the same to session memory and to a list, and compares what is read."""

    @initialize()
    def begin(self) -> None:
        """Start two processes over an empty database, and open a session."""
        self.processes = [self.do(self.process()) for _ in range(2)]
        self.session_id = self.do(self.begun())

    @rule(who=WHO, texts=TEXTS, hours=ENDS, knows=st.booleans())
    def append(
        self, who: int, texts: list[str], hours: int | None, *, knows: bool
    ) -> None:
        """Append, with the end that is there or without caring."""
        memory = self.processes[who].memory
        drafts = self.drafts(texts, hours)
        expected = self.end if knows else None
        facts = self.do(memory.append(self.session_id, drafts, expected=expected))
        self.keep(drafts, [one.seq for one in facts])

    @rule(who=WHO, wrong=st.integers(1, 3))
    def append_at_a_wrong_end(self, who: int, wrong: int) -> None:
        """Whoever expects another end is told to look again, and nothing is kept."""
        memory = self.processes[who].memory
        with pytest.raises(SessionMovedError):
            self.do(
                memory.append(
                    self.session_id, [message("lost")], expected=self.end + wrong
                )
            )

    @rule(first=TEXTS, second=TEXTS)
    def append_at_once(self, first: list[str], second: list[str]) -> None:
        """Both append at one time: each has its places, and each batch its order."""
        batches = [self.drafts(first, None), self.drafts(second, None)]
        found = self.do(self.together(batches, None))
        for drafts, facts in zip(batches, found, strict=True):
            assert not isinstance(facts, BaseException)
            seqs = [one.seq for one in facts]
            assert seqs == sorted(seqs)
            self.keep(drafts, seqs)
        self.kept.sort(key=lambda one: one.seq)

    @rule(text=st.text(max_size=9))
    def append_at_once_at_one_end(self, text: str) -> None:
        """Of two who expect the same end, one gets it."""
        batches = [self.drafts([f"{text} {one}"], None) for one in ("one", "two")]
        found = self.do(self.together(batches, self.end))
        refused = [one for one in found if isinstance(one, SessionMovedError)]
        assert len(refused) == 1
        for drafts, facts in zip(batches, found, strict=True):
            if not isinstance(facts, BaseException):
                self.keep(drafts, [one.seq for one in facts])

    @rule(who=WHO, first=st.integers(-1, 9), last=st.none() | st.integers(0, 12))
    def read(self, who: int, first: int, last: int | None) -> None:
        """Read a part, which may be none."""
        found = self.said(who, first, last)
        until = self.end if last is None else last
        assert found == [one for one in self.shown() if first <= one[0] <= until]

    @rule(who=WHO, data=st.data())
    def read_one(self, who: int, data: st.DataObject) -> None:
        """Read one item, which may be over or never was."""
        seq = data.draw(st.integers(0, self.end + 1))
        shown = dict(self.shown())
        if seq in shown:
            item = self.do(self.processes[who].memory.item(self.session_id, seq))
            assert item.content == {"text": shown[seq]}
        elif seq in {one.seq for one in self.kept} or not 0 < seq <= self.end:
            with pytest.raises(ItemNotFoundError):
                self.do(self.processes[who].memory.item(self.session_id, seq))

    @rule(who=WHO)
    def flush(self, who: int) -> None:
        """Seal in what waits."""
        self.do(self.processes[who].memory.sealing.flush())

    @rule(who=WHO)
    def die(self, who: int) -> None:
        """Drop a process with what it has not sealed in, and start another."""
        dead = self.processes[who]
        task = dead.memory.sealing._task
        if task is not None:
            task.cancel()
        self.processes[who] = self.do(self.process())

    @rule(hours=st.integers(1, 70))
    def wait(self, hours: int) -> None:
        """Let time pass; what was appended is sealed in meanwhile."""
        for who in (0, 1):
            self.flush(who)
        self.clock.jump(hours * HOUR)

    @rule(who=WHO)
    def sweep(self, who: int) -> None:
        """Let what is over be told of and erased; it can be read no more anyway."""
        self.do(self.processes[who].sweeper.sweep())
        self.look()

    @precondition(lambda self: self.shown())
    @rule(who=WHO, data=st.data(), whole=st.booleans())
    def hold(self, who: int, data: st.DataObject, *, whole: bool) -> None:
        """Keep some items that are there, or all."""
        seqs = [seq for seq, _ in self.shown()]
        items = () if whole else (data.draw(st.sampled_from(seqs)),)
        over = self.over()
        hold = self.do(
            self.processes[who].mortality.hold(
                self.session_id, kind="legal", reason="court", actor="ann", items=items
            )
        )
        self.holds.append(hold)
        if whole:
            self.settle(over)

    @precondition(lambda self: self.holds)
    @rule(who=WHO, data=st.data())
    def release(self, who: int, data: st.DataObject) -> None:
        """Take a hold off: what would be over by now is given some more time."""
        hold = data.draw(st.sampled_from(self.holds))
        over = self.over()
        self.do(
            self.processes[who].mortality.release(
                self.session_id, hold.id, actor="ann", reason="settled"
            )
        )
        self.holds.remove(hold)
        end = USUAL.fresh_end(self.clock.now())
        for one in self.kept:
            held = hold.covers(one.seq)
            if held and one.ends_at is not None and one.ends_at < end:
                one.ends_at = end
        self.settle(over)

    @rule(who=WHO)
    def rotate(self, who: int) -> None:
        """Promote the other key, and wrap the session's key with it."""
        here = self.processes[who]
        rotation = Rotation(
            self.database,
            here.ring,
            journal=here.journal,
            audit=here.audit,
            clock=self.clock,
        )
        self.active = "k2" if self.active == "k1" else "k1"
        self.do(rotation.add(self.active, actor="ann"))
        self.do(rotation.promote(self.active, actor="ann"))
        self.do(rotation.rewrap(actor="ann"))
        session = self.do(here.memory.session(self.session_id))
        assert session.key is not None
        assert session.key.kek == self.active

    @precondition(lambda self: self.shown())
    @rule(who=WHO, data=st.data(), late=TEXTS)
    def redact(self, who: int, data: st.DataObject, late: list[str]) -> None:
        """Take one out for good: not while it is held, unless that is overridden.

        The other process, which has read before, is refused what it made of it.
        """
        seq = data.draw(st.sampled_from([seq for seq, _ in self.shown()]))
        over, target = self.over(), MessageTarget(seqs=(seq,))
        wish = partial(
            self.processes[who].redactions.request,
            self.session_id,
            target,
            reason="a name",
            actor="ann",
        )
        if any(hold.covers(seq) for hold in self.holds):
            with pytest.raises(SessionHeldError):
                self.do(wish())
        other = self.processes[1 - who].memory
        before = self.do(other.opened(self.session_id)).epoch
        done = self.do(wish(override_hold=True))
        # An earlier session that is over is waited for: it may have said it too.
        waits = self.outlived and "is about to end" in done.places["items"].left
        assert done.status == ("pending" if waits else "complete")
        drafts = [message(text) for text in late]
        with pytest.raises(SessionRedactedError):
            self.do(other.append(self.session_id, drafts, epoch=before))
        self.look()
        self.settle({*over, seq})
        assert seq not in {one.seq for one in self.kept}

    @precondition(lambda self: not self.holds)
    @rule(who=WHO)
    def outlive(self, who: int) -> None:
        """Wait until the session is over: nobody reads it, and another begins."""
        self.wait(1)
        self.clock.jump(USUAL.life.total_seconds() + HOUR)
        for one in self.processes:
            with pytest.raises(SessionNotFoundError):
                self.do(one.memory.read(self.session_id))
            with pytest.raises(SessionNotFoundError):
                self.do(one.memory.append(self.session_id, [message("late")]))
        made = self.do(self.processes[who].memory.of(PULL))
        assert made.id != self.session_id
        self.outlived = True
        self.session_id, self.kept, self.end, self.gone = made.id, [], 0, set()

    @invariant()
    def both_read_the_same(self) -> None:
        """Each process reads what the list has, in its order."""
        if self.session_id:
            for who in (0, 1):
                assert self.said(who, 1, None) == self.shown()


@pytest.fixture
def machine(mongodb_url: str) -> Iterator[type[MemoryMachine]]:
    """Give the machine with a database that all of its walks use, one after another."""

    async def connected() -> Database:
        database = connect(mongodb_url, name="memory_model", embedded=True)
        await migrate(database, SCHEMA)
        return database

    async def closed(database: Database) -> None:
        await database.client.drop_database(database.db)
        await database.close()

    with asyncio.Runner() as runner:
        database = runner.run(connected())
        MemoryMachine.runner, MemoryMachine.database = runner, database
        yield MemoryMachine
        runner.run(closed(database))


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


def test_memory_does_as_a_list_does(machine: type[MemoryMachine]) -> None:
    """Whatever is done to it in whatever order; a short look."""
    bounds = settings(
        max_examples=8,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=QUIET,
    )
    run_state_machine_as_test(machine, settings=bounds)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_memory_does_as_a_list_does_for_long(machine: type[MemoryMachine]) -> None:
    """The same, for minutes."""
    bounds = settings(
        max_examples=200,
        stateful_step_count=60,
        deadline=None,
        suppress_health_check=QUIET,
    )
    run_state_machine_as_test(machine, settings=bounds)
