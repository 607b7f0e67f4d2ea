"""Who asks for a review gets a run: one a head, the newest current, none twice."""

import asyncio
from dataclasses import replace

import pytest

from core.errors import (
    ActiveRunError,
    RunNotFoundError,
    RunOutdatedError,
    StoreUnavailableError,
)
from core.events import schema
from core.events.commit import Commit, Draft
from core.runs import part_moves, pulls
from core.runs.model import Beginning
from core.runs.pulls import PullRuns
from core.store.database import Database
from tests.fakes.stage import Stage, runs_over, staged, subject


@pytest.fixture
async def stage(database: Database) -> Stage:
    """Give a stage with the steps `one` and `two`."""
    return await staged(database)


def cut_off(patch: pytest.MonkeyPatch, stage: Stage) -> None:
    """Let the process lose its database once a pull's stream has been written."""
    append = stage.runs.journal.append

    async def failing(draft: Draft) -> Commit:
        if draft.stream.startswith("run/"):
            raise StoreUnavailableError(reason="cut off")
        return await append(draft)

    patch.setattr(stage.runs.journal, "append", failing)


async def pull_of(stage: Stage) -> PullRuns:
    """Return the pull request's stream, folded."""
    stream = pulls.pull_stream("octo/hello", 1)
    return pulls.fold(stream, await stage.runs.journal.read(stream))


async def test_a_request_begins_a_run_that_waits_for_its_release(stage: Stage) -> None:
    """Until then no worker can have it."""
    requested = await stage.runs.request(subject(), "delivery/1")
    assert (requested.fresh, requested.supersedes) == (True, None)
    assert await stage.worker().work_one() is None
    run = await stage.runs.release(requested.run_id)
    assert (run.status, run.subject) == ("queued", subject())
    worked = await stage.worker().work_one()
    assert worked is not None
    assert worked.id == requested.run_id


async def test_releasing_twice_changes_nothing(stage: Stage) -> None:
    """Also when the run has ended in between."""
    run_id = await stage.ask()
    ended = await stage.worker().work_one()
    before = await stage.shown(run_id)
    assert await stage.runs.release(run_id) == ended
    assert await stage.shown(run_id) == before


async def test_asking_under_the_same_name_gets_the_same_run(stage: Stage) -> None:
    """A redelivered webhook is the same wish, even where it wants to go again."""
    first = await stage.runs.request(subject(), "delivery/1", again=True)
    again = await stage.runs.request(subject(), "delivery/1", again=True)
    assert (again.run_id, again.supersedes, again.fresh) == (first.run_id, None, False)
    assert len((await pull_of(stage)).requests) == 1


async def test_a_head_that_has_a_run_keeps_it(stage: Stage) -> None:
    """`opened` and `synchronize` may both speak of one head, also once it is done."""
    first = await stage.ask()
    other = await stage.runs.request(subject(), "delivery/2")
    assert (other.run_id, other.fresh) == (first, False)
    await stage.worker().work_one()
    late = await stage.runs.request(subject(), "delivery/3")
    assert (late.run_id, late.fresh) == (first, False)


async def test_again_means_a_new_run_of_the_same_head(stage: Stage) -> None:
    """It takes the place of the one before."""
    first = await stage.ask()
    await stage.worker().work_one()
    again = await stage.runs.request(subject(), "comment/1", again=True)
    assert (again.fresh, again.supersedes) == (True, first)
    assert again.run_id != first
    assert (await stage.runs.release(again.run_id)).status == "queued"


async def test_a_run_that_ended_without_a_review_is_no_answer(stage: Stage) -> None:
    """Reopening a closed pull request asks for the same head, and gets a new run."""
    first = await stage.ask()
    await stage.runs.cancel(first, actor="nofx", reason="closed")
    again = await stage.runs.request(subject(), "reopened")
    assert (again.fresh, again.supersedes) == (True, first)


async def test_a_run_on_its_way_out_is_no_answer_either(stage: Stage) -> None:
    """Closed and opened again within a moment, the pull request is still reviewed."""
    first = await stage.ask()
    release = asyncio.Event()

    async def hang(_: object) -> dict[str, object]:
        await release.wait()
        return {}

    stage.pipeline.script("one", hang)
    walking = asyncio.create_task(stage.worker().work_one())
    await stage.until(first, "running")
    await stage.runs.cancel(first, actor="nofx", reason="closed")
    again = await stage.runs.request(subject(), "reopened")
    assert (again.fresh, again.supersedes) == (True, first)
    assert (await stage.runs.release(again.run_id)).status == "queued"
    release.set()
    ended = await walking
    assert ended is not None
    assert ended.status == "cancelled"


async def test_a_newer_head_supersedes(stage: Stage) -> None:
    """The newer run is current; the older is named, cancelled and knows its heir."""
    first = await stage.ask("a")
    newer = await stage.runs.request(subject("b"), "push/1")
    assert (newer.fresh, newer.supersedes) == (True, first)
    run = await stage.runs.cancel(
        first, actor="nofx", reason="push", by_run=newer.run_id
    )
    assert (run.status, run.superseded_by) == ("cancelled", newer.run_id)
    current = await stage.runs.current("octo/hello", 1)
    assert current is not None
    assert current.id == newer.run_id


async def test_a_head_that_comes_back_gets_a_run_of_its_own(stage: Stage) -> None:
    """A force-push to an older commit is a push like any other."""
    first = await stage.ask("a")
    second = await stage.ask("b")
    back = await stage.runs.request(subject("a"), "push/3")
    assert (back.fresh, back.supersedes) == (True, second)
    assert back.run_id != first


async def test_pull_requests_do_not_share_runs(stage: Stage) -> None:
    """The same head on two pull requests is reviewed on both."""
    first = await stage.ask("a", 1)
    second = await stage.ask("a", 2)
    assert first != second
    shown = await stage.runs.projection.of_head("octo/hello", "a" * 40)
    assert {one["_id"] for one in shown} == {first, second}
    (only,) = await stage.runs.projection.of_pull("octo/hello", 2)
    assert only["_id"] == second


async def test_twenty_ask_at_once(stage: Stage) -> None:
    """Of all that ask for one head one is fresh, and everybody gets its run."""
    processes = [runs_over(stage.database) for _ in range(20)]
    answers = await asyncio.gather(
        *(
            runs.request(subject(), f"delivery/{number}")
            for number, runs in enumerate(processes)
        )
    )
    assert len({one.run_id for one in answers}) == 1
    assert sum(one.fresh for one in answers) == 1
    await asyncio.gather(*(one.release(answers[0].run_id) for one in processes))
    assert len(await stage.runs.projection.of_pull("octo/hello", 1)) == 1
    commits = await stage.runs.journal.read(f"run/{answers[0].run_id}")
    assert len(commits) == 1


async def test_twenty_heads_at_once(stage: Stage) -> None:
    """Each gets a run, in one order; each run supersedes the one before, one stays."""
    heads = "0123456789abcdef"
    subjects = [
        replace(subject(), head_sha=(heads[number % 16] * 39) + str(number // 16))
        for number in range(20)
    ]
    processes = [runs_over(stage.database) for _ in range(4)]

    async def push(number: int) -> str:
        runs = processes[number % 4]
        requested = await runs.request(subjects[number], f"push/{number}")
        older = requested.supersedes
        if older is not None and await runs.find(older) is not None:
            heir = requested.run_id
            await runs.cancel(older, actor="nofx", reason="push", by_run=heir)
        await runs.release(requested.run_id)
        return requested.run_id

    ids = await asyncio.gather(*(push(number) for number in range(20)))
    requests = (await pull_of(stage)).requests
    assert [one.run_id for one in requests] == list(
        dict.fromkeys(one.run_id for one in requests)
    )
    assert {one.run_id for one in requests} == set(ids)
    chain = [one.supersedes for one in requests]
    assert chain == [(), *((one.run_id,) for one in requests[:-1])]
    standing = [
        one
        for one in await stage.runs.projection.of_pull("octo/hello", 1)
        if one["active"]
    ]
    assert [one["_id"] for one in standing] == [requests[-1].run_id]


async def test_a_run_that_was_superseded_before_it_began_is_cancelled(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its heir found nothing to cancel, so its own release does it."""
    with monkeypatch.context() as patch:
        cut_off(patch, stage)
        with pytest.raises(StoreUnavailableError):
            await stage.runs.request(subject("a"), "push/1")
    newer = await stage.runs.request(subject("b"), "push/2")
    assert newer.supersedes is not None
    assert await stage.runs.find(newer.supersedes) is None
    await stage.runs.release(newer.run_id)
    late = await stage.runs.request(subject("a"), "push/1")
    run = await stage.runs.release(late.run_id)
    assert (run.status, run.superseded_by) == ("cancelled", newer.run_id)
    assert (await stage.shown(run.id))["status"] == "cancelled"
    assert await stage.runs.release(late.run_id) == run


async def test_dry_runs_do_not_supersede_each_other(stage: Stage) -> None:
    """They are of changes that have nothing to do with one another."""
    first = await stage.runs.request(subject("a", 0), "local/1", again=True)
    second = await stage.runs.request(subject("b", 0), "local/2", again=True)
    assert (await stage.runs.release(first.run_id)).status == "queued"
    assert (await stage.runs.release(second.run_id)).status == "queued"


async def test_the_same_name_twenty_times_at_once(stage: Stage) -> None:
    """GitHub redelivers while the first is still worked."""
    processes = [runs_over(stage.database) for _ in range(20)]
    answers = await asyncio.gather(
        *(runs.request(subject(), "comment/1", again=True) for runs in processes)
    )
    assert len({one.run_id for one in answers}) == 1
    assert sum(one.fresh for one in answers) == 1


async def test_a_crash_between_decision_and_run_is_mended_by_asking_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pull request's stream names a run that was never begun; the retry begins it.

    The head may have moved meanwhile: the run is of the head that was decided on.
    """
    runs = stage.runs
    with monkeypatch.context() as patch:
        cut_off(patch, stage)
        with pytest.raises(StoreUnavailableError):
            await runs.request(subject("a"), "delivery/1")
    (decided,) = (await pull_of(stage)).requests
    assert await runs.find(decided.run_id) is None
    assert await runs.current("octo/hello", 1) is None
    retried = await runs.request(subject("b"), "delivery/1")
    assert (retried.run_id, retried.fresh) == (decided.run_id, False)
    run = await runs.release(decided.run_id)
    assert run.subject.head_sha == decided.head_sha == "a" * 40


async def test_another_delivery_of_the_head_mends_it_as_well(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for the head next begins the run that was decided on."""
    with monkeypatch.context() as patch:
        cut_off(patch, stage)
        with pytest.raises(StoreUnavailableError):
            await stage.runs.request(subject("a"), "delivery/1")
    other = await stage.runs.request(subject("a"), "delivery/2")
    (decided,) = (await pull_of(stage)).requests
    assert (other.run_id, other.fresh) == (decided.run_id, False)
    assert (await stage.runs.load(other.run_id)).status == "queued"


async def test_two_runs_of_one_head_are_never_both_active(stage: Stage) -> None:
    """The second is not released while the first goes on, and is once it has ended."""
    first = await stage.ask()
    again = await stage.runs.request(subject(), "comment/1", again=True)
    with pytest.raises(ActiveRunError) as caught:
        await stage.runs.release(again.run_id)
    assert caught.value.facts["run_id"] == first
    assert await stage.shown(again.run_id) == {}
    await stage.runs.cancel(first, actor="alice", reason="again")
    assert (await stage.runs.release(again.run_id)).status == "queued"
    assert (await stage.shown(again.run_id))["status"] == "queued"


async def test_a_run_that_only_seems_active_gives_way(stage: Stage) -> None:
    """Its end stands in the journal; the projection had not heard of it yet."""
    first = await stage.ask()
    active = await stage.shown(first)
    await stage.runs.cancel(first, actor="alice", reason="again")
    await stage.database.db["runs"].replace_one({"_id": first}, active)
    again = await stage.runs.request(subject(), "comment/1")
    await stage.runs.release(again.run_id)
    assert (await stage.shown(first))["status"] == "cancelled"
    assert (await stage.shown(again.run_id))["status"] == "queued"


async def test_a_document_of_no_run_stands_in_the_way_until_it_is_removed(
    stage: Stage,
) -> None:
    """Nothing can fold it forward, and it is named."""
    first = await stage.ask()
    await stage.database.db["journal"].delete_many({})
    again = await stage.runs.request(subject(), "comment/1")
    with pytest.raises(ActiveRunError) as caught:
        await stage.runs.release(again.run_id)
    assert caught.value.facts["run_id"] == first


async def test_what_is_done_unseen_does_not_release_a_run(stage: Stage) -> None:
    """Its check is announced before any worker can have it."""
    requested = await stage.runs.request(subject(), "delivery/1")
    handle = await stage.runs.handle(requested.run_id, unseen=True)
    await handle.append(
        lambda run: (part_moves.effect_intended(run, "check", "check", "d"),)
    )
    assert await stage.shown(requested.run_id) == {}
    assert await stage.worker().work_one() is None
    run = await stage.runs.release(requested.run_id)
    assert run.effects["check"].status == "intended"
    assert (await stage.shown(run.id))["head_seq"] == 2


async def test_a_run_that_nobody_asked_for_is_not_there(stage: Stage) -> None:
    """Loading, releasing and cancelling it say so."""
    with pytest.raises(RunNotFoundError):
        await stage.runs.load("run_x")
    with pytest.raises(RunNotFoundError):
        await stage.runs.release("run_x")
    with pytest.raises(RunNotFoundError):
        await stage.runs.cancel("run_x", actor="alice", reason="?")
    assert await stage.runs.current("octo/hello", 99) is None


async def test_what_goes_on_never_takes_the_place_of_a_newer_head(stage: Stage) -> None:
    """However late the push came; asked again, it is the run that it was before."""
    first = await stage.ask("a")
    event = schema.BranchCreated(
        origin="rerun",
        parents=(),
        family=first,
        overrides={},
        publish=True,
        actor="alice",
        reason="again",
    )
    goes_on = Beginning(events=(event,))
    known = await stage.runs.request(
        subject("a"), "comment/1", again=True, beginning=goes_on
    )
    newer = await stage.runs.request(subject("b"), "delivery/2")
    with pytest.raises(RunOutdatedError):
        await stage.runs.request(
            subject("a"), "comment/2", again=True, beginning=goes_on
        )
    again = await stage.runs.request(
        subject("a"), "comment/1", again=True, beginning=goes_on
    )
    assert again.run_id == known.run_id
    pull = await pull_of(stage)
    assert pull.current is not None
    assert pull.current.run_id == newer.run_id


async def test_what_was_current_before_a_request_can_be_told(stage: Stage) -> None:
    """A try that follows a crash means the run that the first one meant."""
    first = await stage.ask("a")
    again = await stage.runs.request(subject("a"), "comment/1", again=True)
    for name, wanted in (("comment/1", first), ("comment/2", again.run_id)):
        run = await stage.runs.current("octo/hello", 1, before=name)
        assert run is not None
        assert run.id == wanted
    assert await stage.runs.current("octo/hello", 1, before="a/1") is None


async def test_only_queued_runs_are_named_to_idle_workers(stage: Stage) -> None:
    """One that has ended is not tried, and nothing is logged as broken."""
    run_id = await stage.ask()
    await stage.worker().work_one()
    await stage.runs.release(run_id)
    assert stage.runs.wake.noted() == []
