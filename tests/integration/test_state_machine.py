"""Random walks through the tables and the database together: they never disagree."""

import asyncio
from collections.abc import Iterator
from functools import partial
from itertools import count, pairwise
from random import Random
from typing import ClassVar

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from core.errors import ConcurrencyError, IllegalTransitionError
from core.events import schema
from core.events.base import JSON, Payload
from core.events.commit import verify_chain
from core.events.writers import WRITERS
from core.runs import decide
from core.runs.constraints import collections, rows_by_event_type
from core.runs.continuity import verify_moves
from core.runs.evolve import evolve, fold
from core.runs.model import TRAIL, Subject
from core.runs.projection import document_of
from core.runs.states import RUN, STEP, Machine, Status
from core.store.database import (
    Database,
    DuplicateKeyError,
    connect,
)
from core.store.migrate import migrate
from core.store.schema import Schema
from tests.fakes import tables
from tests.fakes.blocking import World
from tests.fakes.clock import NOON

NUMBERS = count(1)
QUICK = settings(max_examples=20, stateful_step_count=15, deadline=None)
LONG = settings(max_examples=300, stateful_step_count=60, deadline=None)
RANDOM = strategies.builds(Random, strategies.integers(0, 2**32))
SUBJECTS = [f"part-{number}" for number in range(20)]
PARTS = strategies.sampled_from(tables.PARTS)
TRANSITIONS = strategies.sampled_from(tables.TRANSITIONS)
STATES = strategies.sampled_from(tables.STATES)
RUN_STATES = strategies.sampled_from(RUN.states())
FROM = strategies.none() | STATES


@pytest.fixture(scope="module")
def world(mongodb_url: str) -> Iterator[World]:
    """Give one database to all walks; each has a run and a pull request of its own."""

    async def opened() -> Database:
        database = connect(mongodb_url, name="test_state_machine", embedded=True)
        needed = (*collections(), WRITERS)
        await migrate(database, Schema(version=1, collections=needed))
        return database

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        world = World(runner, runner.run(opened()))
        yield world
        runner.run(world.journal.close())
        runner.run(world.database.close())


class Walk(RuleBasedStateMachine):
    """One run, moved by the runner and by somebody who writes past it.

    `parts` is what the walk itself knows of steps, gates, findings and effects.
    """

    world: ClassVar[World]

    @initialize()
    def begin(self) -> None:
        """Create the run."""
        number = next(NUMBERS)
        self.parts: dict[tuple[str, str], str] = {}
        self.id = f"run_{number}"
        subject = Subject(repository="octo/hello", pull=number, head_sha="a" * 40)
        draft = decide.first_draft(self.id, subject, NOON)
        commit = self.world.do(lambda: self.world.journal.append(draft))
        self.run = self.before = evolve(None, commit)
        self.world.do(lambda: self.world.projection.save(self.run))

    def append(self, *events: Payload) -> None:
        """Append by the runner's own way, and project."""
        draft = decide.draft(self.run, events, NOON)
        commit = self.world.do(lambda: self.world.journal.append(draft))
        self.before, self.run = self.run, evolve(self.run, commit)
        self.world.do(lambda: self.world.projection.save(self.run))

    @rule(rng=RANDOM)
    def move_the_run(self, rng: Random) -> None:
        """Whatever row there is from where it stands leads to where the row says.

        After the end of one run the walk goes on with another.
        """
        for _ in range(8):
            open_ = tables.moves(RUN, self.run.status)
            if not open_:
                self.begin()
                continue
            transition, to = rng.choice(open_)
            self.append(*tables.run_moves(self.run, transition))
            assert self.run.status == to

    @rule(rng=RANDOM)
    def move_parts(self, rng: Random) -> None:
        """As the run, all in one commit; also of a run that has ended."""
        events = []
        for _ in range(8):
            machine, subject = rng.choice(tables.PARTS), rng.choice(SUBJECTS)
            for _ in range(6):
                from_ = self.state_of(machine, subject)
                open_ = tables.moves(machine, from_)
                if not open_:
                    break
                transition, to = rng.choice(open_)
                events.append(tables.part_move(machine, transition, from_, subject))
                self.parts[machine.name, subject] = to
        if events:
            self.append(*events)

    @rule()
    def claim(self) -> None:
        """Take what is queued or waits for its next try, as a worker does."""
        claim = partial(decide.claimed, self.run, worker="w", until=NOON)
        if self.run.status in {Status.QUEUED, Status.RETRY_WAIT}:
            self.append(*claim())
            assert self.run.owner == "w"
            return
        with pytest.raises(IllegalTransitionError):
            claim()

    @rule(behind=strategies.sampled_from([0, 1]))
    def take_back(self, behind: int) -> None:
        """Take the run and its steps from who holds it now, as the reaper."""
        fence = self.run.fence - behind
        events = decide.taken_back(self.run, fence=fence, reason="silence")
        assert bool(events) is (self.run.status is Status.RUNNING and not behind)
        if events:
            self.append(*events)
            held = [key for key, state in self.parts.items() if state == "running"]
            self.parts |= dict.fromkeys(held, "pending")

    @rule()
    def cancel(self) -> None:
        """Cancel whatever has not ended and is not about to."""
        events = decide.cancelled(self.run, actor="alice", reason="enough")
        ending = self.run.terminal or self.run.status is Status.CANCELLING
        assert (not events) is ending
        for one in events:
            if isinstance(one, schema.StepMove):
                self.parts["step", one.subject] = one.to
        if events:
            self.append(*events)

    @rule(
        machine=PARTS, subject=strategies.sampled_from(SUBJECTS), transition=TRANSITIONS
    )
    def move_by_no_row(self, machine: Machine, subject: str, transition: str) -> None:
        """Be refused by the runner, with the run as with a part of it."""
        if transition not in dict(tables.moves(RUN, self.run.status)):
            with pytest.raises(IllegalTransitionError):
                tables.run_moves(self.run, transition)
        from_ = self.state_of(machine, subject)
        if transition not in dict(tables.moves(machine, from_)):
            with pytest.raises(IllegalTransitionError):
                tables.part_move(machine, transition, from_, subject)

    def state_of(self, machine: Machine, subject: str) -> str | None:
        """Return where a part stands; a step that was never begun is pending."""
        nowhere = "pending" if machine.name == "step" else None
        return self.parts.get((machine.name, subject), nowhere)

    @rule(rng=RANDOM)
    def move_without_looking(self, rng: Random) -> None:
        """Who decided on what the run was a moment ago has no place in the stream."""
        open_ = tables.moves(RUN, self.before.status)
        if open_ and self.before is not self.run:
            transition, _ = rng.choice(open_)
            events = tables.run_moves(self.before, transition)
            draft = decide.draft(self.before, events, NOON)
            with pytest.raises(ConcurrencyError):
                self.world.do(lambda: self.world.journal.append(draft))

    @rule(
        kind=strategies.sampled_from(sorted(rows_by_event_type())),
        transition=TRANSITIONS,
        from_=FROM,
        to=STATES,
    )
    def write_an_entry_by_hand(
        self, kind: str, transition: str, from_: str | None, to: str
    ) -> None:
        """Be refused by the journal with whatever is no row."""
        if (transition, from_, to) in rows_by_event_type()[kind]:
            return
        stored = tables.stored_move(kind, transition, from_, to)
        document = tables.entry(self.run, stored, next(NUMBERS))
        journal = self.world.database.db["journal"]
        assert self.world.refuses(lambda: journal.insert_one(document))

    @rule(to=STATES)
    def change_an_entry_by_hand(self, to: str) -> None:
        """Where the newest entry leads is not changed afterwards, in either place."""
        where: JSON = {"_id": f"{self.run.stream}:{self.run.head_seq}"}
        journal = self.world.database.db["journal"]
        if to != self.run.status:
            change = {"$set": {"to": to}}
            assert self.world.refuses(lambda: journal.update_one(where, change))
        found = self.world.do(lambda: journal.find_one(where)) or {}
        moved = found["events"][-1]["data"]
        if to != moved["to"]:
            change = {"$set": {f"events.{len(found['events']) - 1}.data.to": to}}
            assert self.world.refuses(lambda: journal.update_one(where, change))

    @rule(which=strategies.sampled_from([0, -1]))
    def take_a_place_by_hand(self, which: int) -> None:
        """Neither the first place nor the newest can be had a second time."""
        documents = self.world.do(lambda: self.world.journal.documents(self.run.stream))
        document = documents[which] | {"writer": "raw", "wseq": next(NUMBERS)}
        journal = self.world.database.db["journal"]
        with pytest.raises(DuplicateKeyError):
            self.world.do(lambda: journal.insert_one(document))

    @rule(subject=strategies.sampled_from(SUBJECTS), state=STATES)
    def set_a_step_by_hand(self, subject: str, state: str) -> None:
        """Be refused what is no state of a step."""
        if state not in STEP.states():
            change = {"$set": {f"steps.{subject}": state}}
            runs = self.world.database.db["runs"]
            assert self.world.refuses(lambda: runs.update_one({"_id": self.id}, change))

    @rule(status=RUN_STATES, pushed=strategies.booleans())
    def set_the_status_by_hand(self, status: str, pushed: bool) -> None:  # noqa: FBT001 # drawn
        """Be refused a state that follows from no row, with all else in order."""
        trail = [*self.run.trail, status][-TRAIL:] if pushed else [*self.run.trail]
        pair = (str(self.run.status), status)
        if pair in RUN.pairs() if pushed else status == self.run.status:
            return
        document = tables.shaped(self.run, status) | {"trail": trail}
        runs = self.world.database.db["runs"]
        assert self.world.refuses(lambda: runs.replace_one({"_id": self.id}, document))

    @rule(trail=strategies.lists(RUN_STATES, min_size=1, max_size=4))
    def make_a_run_by_hand(self, trail: list[str]) -> None:
        """Store a run if, and only if, its trail is a walk through the table."""
        number = next(NUMBERS)
        document = tables.shaped(self.run, trail[-1]) | {"trail": trail}
        document |= {"_id": f"raw_{number}", "pull": number}
        runs = self.world.database.db["runs"]
        legal = all(pair in RUN.pairs() for pair in pairwise(trail))
        assert self.world.refuses(lambda: runs.insert_one(document)) is not legal

    @invariant()
    def the_journal_says_what_the_walk_knows(self) -> None:
        """Nobody has added or changed anything, and the chain holds."""
        documents = self.world.do(lambda: self.world.journal.documents(self.run.stream))
        assert verify_chain(documents) == self.run.head_hash
        commits = self.world.do(lambda: self.world.journal.read(self.run.stream))
        verify_moves(commits)
        assert fold(self.id, commits) == self.run
        assert tables.standing(self.run) == self.parts

    @invariant()
    def the_projection_says_the_same(self) -> None:
        """Nor has anybody changed the run's document."""
        found = self.world.do(lambda: self.world.projection.get(self.id))
        assert found == document_of(self.run)


def walking(database: World) -> type[Walk]:
    """Return the walk on this database."""

    class Here(Walk):
        """A walk that knows its ground."""

        world = database

    return Here


def test_nothing_illegal_is_ever_stored(world: World) -> None:
    """By the runner or past it: the table and the database say the same."""
    run_state_machine_as_test(walking(world), settings=QUICK)


@pytest.mark.slow
def test_nothing_illegal_is_ever_stored_for_long(world: World) -> None:
    """The same on longer walks, and many of them."""
    run_state_machine_as_test(walking(world), settings=LONG)
