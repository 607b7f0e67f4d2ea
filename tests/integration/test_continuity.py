"""An entry that lies about where its move starts: who takes it, and who finds it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.clock import Ids, SystemClock
from core.errors import BrokenChainError
from core.events import schema
from core.events.base import UnknownEvent
from core.events.commit import verify_chain
from core.events.journal import Journal
from core.events.journal_schema import COLLECTION
from core.events.schema import CheckpointRef
from core.runs import decide
from core.runs.continuity import verify_moves
from core.runs.evolve import fold
from core.runs.projection import RunProjection
from core.runs.states import RUN, Machine
from core.store.database import Database, PyMongoError, is_validation_failure
from tests.fakes import tables
from tests.fakes.clock import NOON
from tests.fakes.commits import RUN_ID, Story, committed


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[Journal]:
    """Give the journal of a migrated database."""
    clock = SystemClock()
    journal = Journal(database, clock=clock, ids=Ids(clock))
    yield journal
    await journal.close()


async def test_a_lying_move_of_the_run_goes_no_further_than_the_journal(
    database: Database, journal: Journal
) -> None:
    """The journal sees a row, the projection sees where the run was: it refuses."""
    story = Story()
    story.move("claim", "succeed")
    await RunProjection(database).save(story.run)
    raw = [commit.document() for commit in story.commits]
    stored = tables.stored_move("run.state_changed", "resume", "paused", "queued")
    raw.append(tables.entry(story.run, stored, 4))
    await database.db[COLLECTION].insert_many(raw)

    commits = await journal.read(story.run.stream)
    with pytest.raises(PyMongoError) as caught:
        await RunProjection(database).save(fold(RUN_ID, commits))
    assert is_validation_failure(caught.value)
    with pytest.raises(BrokenChainError, match="sequence 4: its run goes on from pau"):
        verify_moves(commits)


@pytest.mark.parametrize("machine", tables.PARTS, ids=lambda one: one.name)
async def test_a_lying_move_of_a_part_is_found_by_walking(
    database: Database, journal: Journal, machine: Machine
) -> None:
    """A step that starts in the middle is a row, and only the walk knows better."""
    story = Story()
    name, from_, _ = next(
        row for row in machine.rows() if row[1] not in {None, "pending"}
    )
    lie = tables.part_move(machine, name, from_, "one").stored()
    document = tables.entry(story.run, lie, 2)
    first = story.commits[0].document()
    await database.db[COLLECTION].insert_many([first, document])

    assert verify_chain(await journal.documents(story.run.stream))
    with pytest.raises(BrokenChainError, match=f"2: its {machine.name} one goes on"):
        verify_moves(await journal.read(story.run.stream))


LIES: dict[str, dict[str, Any]] = {
    "another place in the entry": {"from_": "paused"},
    "no place": {"from_": None},
}


@pytest.mark.parametrize("change", LIES.values(), ids=LIES.keys())
def test_an_entry_that_moves_nothing_is_still_somewhere(change: dict[str, Any]) -> None:
    """Its own `from` is held against the entry before it."""
    story = Story()
    story.add(UnknownEvent(type="thing.happened", data={}))
    verify_moves(story.commits)
    story.commits[1] = replace(story.commits[1], **change)
    with pytest.raises(BrokenChainError, match="sequence 2: its run goes on from"):
        verify_moves(story.commits)


def test_a_move_by_no_row_is_found() -> None:
    """Also where no validator stood in its way."""
    story = Story()
    moved = decide.moved(story.run, "claim", actor="w")
    wrong = moved.model_copy(update={"to": "succeeded"})
    story.commits.append(committed(decide.draft(story.run, [wrong], NOON)))
    with pytest.raises(BrokenChainError, match="no row: claim to succeeded"):
        verify_moves(story.commits)


def test_what_the_runner_does_goes_on_from_where_it_was() -> None:
    """A whole walk, with a step that is begun twice, verifies."""
    story = Story()
    story.move("claim")
    step = next(machine for machine in tables.PARTS if machine.name == "step")
    story.add(tables.part_move(step, "start", "pending", "one"))
    story.add(*decide.taken_back(story.run, fence=1, reason="silence"))
    story.move("claim")
    story.add(tables.part_move(step, "start", "pending", "one"))
    story.move("pause", "resume", "cancel")
    verify_moves(story.commits)
    assert story.run.status in RUN.terminal


def test_a_branch_moves_its_parents_findings_from_where_they_were() -> None:
    """Their beginning stands in the parent's stream; from then on they are followed."""
    parent = CheckpointRef(run_id="run_0", checkpoint_id="cp_0")
    branch = schema.BranchCreated(
        origin="rerun",
        parents=(parent,),
        family="run_0",
        overrides={},
        publish=False,
        actor="alice",
        reason="again",
    )
    finding = next(machine for machine in tables.PARTS if machine.name == "finding")
    verified = tables.part_move(finding, "verify", "proposed", "one")
    story = Story()
    story.add(branch)
    story.add(verified)
    verify_moves(story.commits)
    story.add(verified)
    with pytest.raises(BrokenChainError, match="goes on from proposed and was verif"):
        verify_moves(story.commits)
