"""The story of checkpoints: branch, diverge, merge with a conflict, resume, verify."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.checkpoints.chain import checkpoints_of, verify_run
from core.clock import Ids, SystemClock
from core.errors import (
    CheckpointNotFoundError,
    CheckpointRedactedError,
    MergeStaleError,
    RunEndedError,
    RunNotFoundError,
    UnrelatedRunsError,
    UnresolvedConflictsError,
)
from core.events.base import JSON
from core.events.schema import MergeCommitted
from core.runs.branching import Branches, Start, Wish
from core.runs.decisions import Decisions
from core.runs.family import family_of
from core.runs.merging import Merges
from core.runs.pipeline import StepContext
from core.store.blobs import Blobs
from core.store.database import Database
from tests.fakes.stage import Act, Stage, staged

STEPS = ("read", "think", "write")
WISH = Wish(origin="branch", actor="alice", reason="try", overrides={}, publish=False)


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    """Give three steps, of which each leaves its name and what the settings say."""
    stage = await staged(database, STEPS)
    stage.pipeline.script("read", leaves(text="one", seen=["a"]))
    stage.pipeline.script("think", thinks)
    stage.pipeline.script("write", leaves(done=True))
    yield stage
    await stage.runs.close()


def leaves(**state: object) -> Act:
    """Return an act that leaves this in the state."""

    async def act(_: StepContext) -> JSON:
        return state

    return act


async def thinks(context: StepContext) -> JSON:
    """Leave what the run's own settings say."""
    said = context.run.overrides.get("say", "nothing")
    return {"thought": said, f"only_{said}": True}


def branches_of(stage: Stage) -> Branches:
    """Return the service that begins runs from checkpoints."""
    return Branches(stage.runs)


def merges_of(stage: Stage) -> Merges:
    """Return the service that merges them."""
    return Merges(
        stage.runs,
        branches_of(stage),
        blobs=Blobs(stage.database),
        ids=Ids(SystemClock()),
        rules={},
    )


async def begun(stage: Stage, start: Start, run_id: str | None = None) -> str:
    """Begin a run and let workers have it."""
    run_id = run_id or Ids(SystemClock()).new("run")
    await stage.runs.begin(run_id, start.run.subject, start.beginning)
    await stage.runs.release(run_id)
    return run_id


async def branched(stage: Stage, run_id: str, step: str, **overrides: object) -> str:
    """Branch before a step with other settings, and walk the branch to its end."""
    branches = branches_of(stage)
    past = await branches.past_step(run_id, step)
    start = await branches.start(past, replace(WISH, overrides=overrides))
    branch = await begun(stage, start)
    await stage.worker().work_on(branch)
    return branch


async def test_branch_diverge_merge_and_resume(stage: Stage) -> None:
    """Two opinions from one checkpoint become one run again, by a person's choice."""
    origin = await stage.ask()
    await stage.worker().work_on(origin)
    before = await stage.runs.history(origin)
    ours = await branched(stage, origin, "think", say="yes")
    theirs = await branched(stage, origin, "think", say="no")
    assert stage.pipeline.ran() == ["read*1", "think*3", "write*3"]
    merges = merges_of(stage)

    planned = await merges.plan(ours, theirs, base=None, actor="alice")

    assert [(one.path, one.ours, one.theirs) for one in planned.conflicts] == [
        ("/thought", "yes", "no"),
        ("/overrides/say", "yes", "no"),
    ]

    async def begin(start: Start, _: str) -> str:
        return await begun(stage, start, "run_merged")

    with pytest.raises(UnresolvedConflictsError):
        await merges.commit(planned.merge.id, WISH, begin)
    thought, setting = (one.id for one in planned.conflicts)
    choices = {thought: "theirs", setting: "ours"}
    settled = await merges.settle(planned.merge.id, choices, actor="bob")
    assert settled.merge.status == "ready"
    done = await merges.commit(planned.merge.id, replace(WISH, origin="merge"), begin)
    assert done.merge.run_id == "run_merged"
    await stage.worker().work_on("run_merged")
    run = await stage.run("run_merged")
    assert (run.status, run.origin, run.overrides["say"]) == (
        *("succeeded", "merge", "yes"),
    )
    state = await stage.runs.state_of(run)
    assert state == {
        "text": "one",
        "seen": ["a"],
        "thought": "no",
        "done": True,
        "only_yes": True,
        "only_no": True,
    }
    first = checkpoints_of(await stage.runs.history(run.id))[0]
    assert (first.kind, len(first.parents)) == ("merge", 2)
    assert await stage.runs.history(origin) == before
    tree = await family_of(stage.runs, ours)
    assert {one.id for one in tree.runs} == {origin, ours, theirs, "run_merged"}
    assert [one.id for one in tree.children(theirs)] == ["run_merged"]


async def test_a_head_that_moves_makes_the_plan_stale(stage: Stage) -> None:
    """What nobody saw is not merged; the fresh plan has it."""
    origin = await stage.ask()
    await stage.worker().work_on(origin)
    ours = await branched(stage, origin, "think", say="yes")
    branches, merges = branches_of(stage), merges_of(stage)
    past = await branches.past_step(origin, "think")
    start = await branches.start(past, replace(WISH, overrides={"say": "no"}))
    theirs = await begun(stage, start)
    planned = await merges.plan(ours, theirs, base=None, actor="alice")
    assert planned.merged.conflicts == ()
    (setting,) = planned.conflicts
    await merges.settle(planned.merge.id, {setting.id: "ours"}, actor="alice")
    await stage.worker().work_on(theirs)

    async def begin(start: Start, _: str) -> str:
        return await begun(stage, start)

    with pytest.raises(MergeStaleError):
        await merges.commit(planned.merge.id, WISH, begin)
    fresh = await merges.get(planned.merge.id)
    assert [one.path for one in fresh.conflicts] == ["/thought", "/overrides/say"]
    assert fresh.merge.choices == {setting.id: "ours"}


async def test_a_choice_is_not_lost_to_a_commit_under_way(stage: Stage) -> None:
    """Whoever settles while a run is begun is heard; that run gives way to theirs."""
    origin = await stage.ask()
    await stage.worker().work_on(origin)
    ours = await branched(stage, origin, "think", say="yes")
    theirs = await branched(stage, origin, "think", say="no")
    merges = merges_of(stage)
    planned = await merges.plan(ours, theirs, base=None, actor="alice")
    merge_id, (conflict, setting) = planned.merge.id, planned.conflicts
    choices = {conflict.id: "ours", setting.id: "ours"}
    await merges.settle(merge_id, choices, actor="alice")
    made: list[str] = []

    async def begin(start: Start, name: str) -> str:
        made.append(await begun(stage, start, f"run_{name}"))
        if len(made) == 1:
            await merges.settle(merge_id, {conflict.id: "theirs"}, actor="bob")
        else:
            await stage.worker().work_on(made[-1])
        return made[-1]

    done = await merges.commit(merge_id, replace(WISH, origin="merge"), begin)

    first, second = made
    assert done.merge.run_id == second
    assert (await stage.run(first)).status == "cancelled"
    assert (await stage.runs.state_of(await stage.run(second)))["thought"] == "no"
    (*_, last) = await stage.runs.journal.read(f"merge/{merge_id}")
    (committed,) = last.events
    assert isinstance(committed, MergeCommitted)
    views = checkpoints_of(await stage.runs.history(second))
    (merged,) = [one for one in views if one.kind == "merge"]
    assert committed.checkpoint_id == merged.checkpoint_id


async def test_strangers_are_not_merged(stage: Stage) -> None:
    """Runs that share no checkpoint have nothing to merge from."""
    one, other = await stage.ask("a", 1), await stage.ask("b", 2)
    for run_id in (one, other):
        await stage.worker().work_on(run_id)
    with pytest.raises(UnrelatedRunsError):
        await merges_of(stage).plan(one, other, base=None, actor="alice")


async def test_a_foreign_checkpoint_is_refused(stage: Stage) -> None:
    """A checkpoint belongs to one run, and must be asked of that."""
    one, other = await stage.ask("a", 1), await stage.ask("b", 2)
    for run_id in (one, other):
        await stage.worker().work_on(run_id)
    foreign = (await stage.run(other)).checkpoint_id
    assert foreign is not None
    with pytest.raises(CheckpointNotFoundError):
        await branches_of(stage).past(one, foreign)
    with pytest.raises(RunNotFoundError):
        await branches_of(stage).past("run_nobody", foreign)


async def test_a_redacted_state_is_gone_from_the_whole_family(stage: Stage) -> None:
    """Nothing goes on from it any more, and every history still proves itself."""
    origin = await stage.ask()
    await stage.worker().work_on(origin)
    branch = await branched(stage, origin, "think", say="yes")
    decisions = Decisions(stage.runs)
    first = checkpoints_of(await stage.runs.history(branch))[0]
    (parent,) = first.parents

    gone = await decisions.redact(origin, parent, actor="sue", reason="a name")

    assert (gone.redacted, gone.state) == (True, None)
    for run_id in (origin, branch):
        documents = await stage.runs.journal.documents(f"run/{run_id}")
        states = [one["state"] for one in documents if "state" in one]
        assert {"text": "one", "seen": ["a"]} not in states
        proof = await verify_run(documents, Blobs(stage.database))
        assert proof.redacted > 0
    with pytest.raises(CheckpointRedactedError):
        await branches_of(stage).past(branch, first.checkpoint_id)
    again = await decisions.redact(origin, parent, actor="sue", reason="a name")
    assert again == gone


async def test_an_erased_state_does_not_come_back(stage: Stage) -> None:
    """A worker that holds it goes on, and stores it no more where it is as it was."""

    async def redacts(context: StepContext) -> JSON:
        last = checkpoints_of(await stage.runs.history(context.run.id))[-1]
        decisions, run_id = Decisions(stage.runs), context.run.id
        await decisions.redact(run_id, last.checkpoint_id, actor="sue", reason="a name")
        return {}

    stage.pipeline.script("think", redacts)
    run_id = await stage.ask()
    run = await stage.worker().work_on(run_id)
    assert run is not None
    assert run.status == "succeeded"
    documents = await stage.runs.journal.documents(run.stream)
    states = [one["state"] for one in documents if "state" in one]
    assert {"text": "one", "seen": ["a"]} not in states
    proof = await verify_run(documents, Blobs(stage.database))
    assert proof.redacted == 4


async def test_a_plan_does_not_show_what_was_redacted_since(stage: Stage) -> None:
    """It holds both sides' states, and would give away what was erased."""
    origin = await stage.ask()
    await stage.worker().work_on(origin)
    ours = await branched(stage, origin, "think", say="yes")
    theirs = await branched(stage, origin, "think", say="no")
    merges = merges_of(stage)
    planned = await merges.plan(ours, theirs, base=None, actor="alice")
    head = (await stage.run(theirs)).checkpoint_id
    assert head is not None
    await Decisions(stage.runs).redact(theirs, head, actor="sue", reason="a name")
    with pytest.raises(CheckpointRedactedError):
        await merges.get(planned.merge.id)


async def test_a_checkpoint_of_ones_own_can_be_come_back_to(stage: Stage) -> None:
    """A person names a moment of a run that waits, and branches from there."""

    async def pauses(context: StepContext) -> JSON:
        await stage.runs.pause(context.run.id, actor="alice", reason="look")
        return {}

    stage.pipeline.script("write", pauses, leaves(done=True))
    run_id = await stage.ask()
    await stage.worker().work_on(run_id)
    decisions = Decisions(stage.runs)
    named = await decisions.checkpoint(run_id, actor="alice", reason="before lunch")
    assert (named.kind, named.actor, named.reason) == (
        *("manual", "alice", "before lunch"),
    )
    branches = branches_of(stage)
    start = await branches.start(await branches.past(run_id, named.checkpoint_id), WISH)
    assert start.steps == ("read", "think")
    await stage.runs.resume(run_id, actor="alice", reason="")
    await stage.worker().work_on(run_id)
    with pytest.raises(RunEndedError):
        await decisions.checkpoint(run_id, actor="alice", reason="too late")
