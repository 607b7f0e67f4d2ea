"""A write to GitHub stands there once, in whatever order its troubles come."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from core.errors import (
    GitHubInvalidError,
    GitHubUnavailableError,
    LeaseLostError,
    UnclearAnswerError,
)
from core.events.base import JSON
from core.runs import decide, part_moves
from core.runs.effects import Effects, Write
from core.runs.handle import RunHandle
from tests.fakes.clock import FakeClock
from tests.fakes.commits import RUN_ID, ListJournal, Story
from tests.fakes.stage import Remote

FAULTS = [
    "none",
    "lost before",
    "lost after",
    "refused",
    "away",
    "crash",
    "crash after",
]
TROUBLE = (
    *(GitHubInvalidError, GitHubUnavailableError, UnclearAnswerError),
    ZeroDivisionError,
)


def held(journal: ListJournal, *, fence: int | None = 1) -> RunHandle:
    """Return a handle on the run in the journal, of the worker that has `fence`."""
    story = Story()
    story.commits = journal.streams[f"run/{RUN_ID}"]
    clock = FakeClock(skipping=True)
    return RunHandle(
        story.run, journal=journal, projection=None, clock=clock, fence=fence
    )


def running() -> ListJournal:
    """Return a journal in which a worker has claimed the run."""
    story = Story()
    story.move("claim")
    return ListJournal(story.commits)


def effects(handle: RunHandle, clock: FakeClock | None = None) -> Effects:
    """Return the effects of one holder."""
    return Effects(handle, clock=clock or FakeClock(skipping=True), settle=2.0)


def history(journal: ListJournal) -> list[str]:
    """Return the transitions of the run's effects, oldest first."""
    return [
        event.stored()["data"]["transition"]
        for commit in journal.streams[f"run/{RUN_ID}"]
        for event in commit.events
        if event.type.startswith("effect.")
    ]


async def test_a_write_is_said_then_done_then_remembered() -> None:
    """Asking for it again gives the first answer and touches nothing."""
    journal, remote = running(), Remote()
    first = effects(held(journal))
    assert await first.once(remote.write("review")) == {"id": 0}
    assert await first.once(remote.write("review")) == {"id": 0}
    assert await effects(held(journal)).once(remote.write("review")) == {"id": 0}
    assert (remote.kept, remote.looks) == (["review"], 0)
    assert history(journal) == ["intend", "perform"]


async def test_a_lost_answer_is_found_by_reading_back() -> None:
    """What was done is not done again."""
    journal, remote = running(), Remote("lost after")
    assert await effects(held(journal)).once(remote.write("review")) == {"id": 0}
    assert (remote.kept, remote.looks) == (["review"], 1)
    assert history(journal) == ["intend", "find"]


async def test_a_lost_request_is_looked_for_twice_and_then_sent_again() -> None:
    """Lists lag behind writes, so one look is not enough."""
    journal, remote, clock = running(), Remote("lost before"), FakeClock(skipping=True)
    result = await effects(held(journal), clock).once(remote.write("review"))
    assert result == {"id": 0}
    assert (remote.kept, remote.looks, clock.monotonic()) == (["review"], 2, 2.0)
    assert history(journal) == ["intend", "miss", "intend", "perform"]


async def test_after_three_unclear_answers_it_waits_for_a_better_time() -> None:
    """The next attempt begins by looking for the last one."""
    journal = running()
    remote = Remote("lost before", "lost before", "lost after")
    with pytest.raises(UnclearAnswerError, match="3 attempts were unclear"):
        await effects(held(journal)).once(remote.write("review"))
    assert await effects(held(journal)).once(remote.write("review")) == {"id": 0}
    assert remote.kept == ["review"]


async def test_a_lease_that_ran_out_leaves_the_write_to_the_next_holder() -> None:
    """It is not taken for a refusal: the next holder looks before it writes."""
    journal, remote = running(), Remote("lost before")
    handle = held(journal)
    handle.held_until = FakeClock().now()
    sleeper = effects(handle)

    async def perform() -> JSON:
        sleeper.check_lease()
        return {}

    with pytest.raises(LeaseLostError):
        await sleeper.once(replace(remote.write("review"), perform=perform))
    assert history(journal) == ["intend"]


class Elsewhere(ListJournal):
    """The same journal, as another process has it."""

    def __init__(self, journal: ListJournal) -> None:
        super().__init__()
        self.streams = journal.streams

    @property
    @override
    def writer(self) -> str:
        return "w_2"


@pytest.mark.parametrize(("elsewhere", "seconds"), [(True, 45.0), (False, 0.0)])
async def test_who_does_not_hold_the_run_gives_another_process_time(
    *, elsewhere: bool, seconds: float
) -> None:
    """It may be slow; this process knows that nobody in it is at the write any more."""
    journal, remote = ListJournal(Story().commits), Remote("crash after")
    with pytest.raises(ZeroDivisionError):
        await effects(held(journal, fence=None)).once(remote.write("check"))
    clock = FakeClock(skipping=True)
    handle = held(Elsewhere(journal) if elsewhere else journal, fence=None)
    late = Effects(handle, clock=clock, patience=45)
    assert await late.once(remote.write("check")) == {"id": 0}
    assert (remote.kept, clock.monotonic()) == (["check"], seconds)
    assert history(journal) == ["intend", "find"]


async def test_a_refused_write_can_be_intended_again() -> None:
    """The refusal is told and recorded; a rerun tries anew without looking."""
    journal, remote = running(), Remote("refused")
    with pytest.raises(GitHubInvalidError):
        await effects(held(journal)).once(remote.write("review"))
    assert held(journal).run.effects["review"].status == "failed"
    assert await effects(held(journal)).once(remote.write("review")) == {"id": 0}
    assert history(journal) == ["intend", "fail", "intend", "perform"]
    assert remote.looks == 0


@pytest.mark.parametrize("fault", ["away", "crash", "crash after"])
async def test_what_ends_without_an_answer_stays_intended(fault: str) -> None:
    """Nobody knows how far it came, so the next one looks first."""
    journal, remote = running(), Remote(fault)
    with pytest.raises((GitHubUnavailableError, ZeroDivisionError)):
        await effects(held(journal)).once(remote.write("review"))
    assert held(journal).run.effects["review"].status == "intended"
    assert await effects(held(journal)).once(remote.write("review")) == {"id": 0}
    assert remote.kept == ["review"]


async def test_keys_do_not_share_their_fate() -> None:
    """One write's trouble is not another's."""
    journal, remote = running(), Remote("refused")
    mine = effects(held(journal))
    with pytest.raises(GitHubInvalidError):
        await mine.once(remote.write("review"))
    assert await mine.once(remote.write("summary")) == {"id": 0}
    assert remote.kept == ["summary"]


async def test_a_worker_that_lost_the_run_writes_nothing() -> None:
    """Its intent meets another's claim, and the write is never made."""
    journal, remote = running(), Remote()
    zombie = held(journal)
    story = Story()
    story.commits = journal.streams[f"run/{RUN_ID}"]
    story.add(*decide.taken_back(story.run, fence=1, reason="silence"))
    story.move("claim")
    with pytest.raises(LeaseLostError):
        await effects(zombie).once(remote.write("review"))
    assert remote.kept == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(FAULTS), max_size=12))
async def test_it_is_written_exactly_once_whatever_comes(faults: list[str]) -> None:
    """Holders come and go, answers are lost: one write stands in the end."""
    journal, remote = running(), Remote(*faults)
    result: JSON | None = None
    for _ in range(len(faults) + 1):
        try:
            result = await effects(held(journal)).once(remote.write("review"))
        except TROUBLE:
            assert len(remote.kept) <= 1
        else:
            break
    assert result == {"id": 0}
    assert remote.kept == ["review"]
    assert await effects(held(journal)).once(remote.write("review")) == result
    assert held(journal).run.effects["review"].result == result


def rival(journal: ListJournal, *moves: str) -> Callable[[], None]:
    """Return another holder's hand that makes these moves of the effect, at once."""

    def meddle() -> None:
        story = Story()
        story.commits = journal.streams[f"run/{RUN_ID}"]
        for move in moves:
            run = story.run
            if move == "intend":
                story.add(part_moves.effect_intended(run, "review", "note", "d"))
            else:
                found = {"id": 0} if move == "find" else None
                story.add(part_moves.effect_reconciled(run, "review", found))

    return meddle


def disturbed(write: Write, *, at: str, by: Callable[[], None]) -> Write:
    """Return the write with a rival that acts in the middle of its `at`, once."""
    inner: Callable[[], Awaitable[JSON | None]] = getattr(write, at)
    left = [by]

    async def outer() -> Any:
        answer = await inner()
        if left:
            left.pop()()
        return answer

    if at == "find":
        return replace(write, find=outer)
    return replace(write, perform=outer)


@pytest.mark.parametrize("seen", [("find",), ("miss",), ("miss", "intend", "find")])
async def test_a_rival_that_reads_back_meanwhile_does_no_harm(
    seen: tuple[str, ...],
) -> None:
    """Whether it finds the write or looks too early, the result is recorded once."""
    journal, remote = running(), Remote()
    write = disturbed(remote.write("review"), at="perform", by=rival(journal, *seen))
    assert await effects(held(journal)).once(write) == {"id": 0}
    known = held(journal).run.effects["review"]
    assert (known.status, known.result, remote.kept) == (
        *("performed", {"id": 0}, ["review"]),
    )


@pytest.mark.parametrize("seen", [("find",), ("miss",)])
async def test_two_that_read_back_agree(seen: tuple[str, ...]) -> None:
    """A crashed holder's write is found by both, and recorded once."""
    journal, remote = running(), Remote("crash after")
    with pytest.raises(ZeroDivisionError):
        await effects(held(journal)).once(remote.write("review"))
    write = disturbed(remote.write("review"), at="find", by=rival(journal, *seen))
    assert await effects(held(journal)).once(write) == {"id": 0}
    known = held(journal).run.effects["review"]
    assert (known.status, remote.kept) == ("performed", ["review"])


async def test_two_that_miss_it_write_it_once() -> None:
    """The second to say so looks at what the first did since."""
    journal, remote = running(), Remote("crash")
    with pytest.raises(ZeroDivisionError):
        await effects(held(journal)).once(remote.write("review"))
    write = disturbed(remote.write("review"), at="find", by=rival(journal, "miss"))
    assert await effects(held(journal)).once(write) == {"id": 0}
    assert remote.kept == ["review"]


async def test_one_that_comes_late_takes_the_result() -> None:
    """What another did since the run was read is found out before writing."""
    journal, remote = running(), Remote()
    late = effects(held(journal, fence=None))
    assert await effects(held(journal)).once(remote.write("review")) == {"id": 0}
    assert await late.once(remote.write("review")) == {"id": 0}
    assert remote.kept == ["review"]


async def test_a_refusal_that_comes_late_changes_nothing() -> None:
    """Another holder has already found the write missing."""
    journal, remote = running(), Remote("refused")
    write = remote.write("review")

    async def refused() -> JSON:
        rival(journal, "miss")()
        return await write.perform()

    with pytest.raises(GitHubInvalidError):
        await effects(held(journal)).once(replace(write, perform=refused))
    assert held(journal).run.effects["review"].status == "missing"
