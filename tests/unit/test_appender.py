"""Group commit against a journal that loses answers, refuses, and is taken."""

import asyncio
import gc
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Ids
from core.errors import (
    ConcurrencyError,
    RefusedByDatabaseError,
    StoreUnavailableError,
)
from core.events.appender import BATCH, Appender
from core.events.commit import Commit, Draft
from core.events.schema import RunSuperseded
from tests.fakes.clock import FakeClock
from tests.fakes.faulty_sink import (
    REFUSED_FENCE,
    Breaks,
    Ends,
    Fault,
    FaultySink,
    Loses,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SERVERS: tuple[Literal["mongodb", "embedded"], ...] = ("mongodb", "embedded")


def draft(stream: str, seq: int = 1, *, fence: int = 0) -> Draft:
    """Return a draft with one event."""
    event = RunSuperseded(by_run=f"{stream}-{seq}", head_sha="a" * 40)
    return Draft(stream=stream, seq=seq, time=NOON, events=(event,), fence=fence)


class Desk:
    """An appender over a faulty sink, and what it said was accepted."""

    def __init__(self, sink: FaultySink, clock: FakeClock | None = None) -> None:
        self.sink = sink
        self.clock = clock or FakeClock(skipping=True)
        self.accepted: list[Commit] = []
        self.appender = Appender(
            sink,
            clock=self.clock,
            ids=Ids(self.clock),
            register=sink.register,
            accepted=self._accept,
        )

    def _accept(self, commits: Sequence[Commit]) -> None:
        self.accepted.extend(commits)

    async def append(self, *drafts: Draft) -> list[Commit | BaseException]:
        """Append all at once and return each one's answer."""
        jobs = (self.appender.append(one) for one in drafts)
        return await asyncio.gather(*jobs, return_exceptions=True)


async def test_what_waits_together_goes_in_one_insert() -> None:
    """The first goes alone or in company; no insert is longer than a batch."""
    desk = Desk(FaultySink())
    answers = await desk.append(*(draft(f"run/{n}") for n in range(BATCH + 5)))

    assert all(isinstance(one, Commit) for one in answers)
    assert [len(batch) for batch in desk.sink.batches] == [BATCH, 5]
    assert [one.wseq for one in desk.accepted] == list(range(1, BATCH + 6))
    assert desk.sink.registered == [desk.appender.writer]


async def test_a_conflict_that_nobody_waits_for_any_more_alarms_nobody() -> None:
    """A walk was cancelled while it appended, and another was faster."""
    clock, alarms = FakeClock(), list[object]()
    desk = Desk(FaultySink([Loses()]), clock)
    desk.sink.occupy("run/a:1")
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: alarms.append(context))
    job = asyncio.create_task(desk.appender.append(draft("run/a")))
    await clock.sleeping()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    del job  # what nobody holds any more is what asyncio speaks about
    await clock.advance(1)
    await desk.appender.close()
    gc.collect()
    assert alarms == []


async def test_a_taken_sequence_fails_its_caller_alone() -> None:
    """Others are renumbered, so that the writer's numbers have no gap."""
    desk = Desk(FaultySink())
    desk.sink.occupy("run/b:1")
    one, two, three = await desk.append(draft("run/a"), draft("run/b"), draft("run/c"))

    assert isinstance(two, ConcurrencyError)
    assert two.facts == {"stream": "run/b", "seq": 1}
    assert isinstance(one, Commit)
    assert isinstance(three, Commit)
    assert (one.wseq, three.wseq) == (1, 2)


@pytest.mark.parametrize("server", SERVERS)
async def test_a_refused_document_fails_its_caller_alone(
    server: Literal["mongodb", "embedded"],
) -> None:
    """Whether or not the server kept the documents before it, each is stored once."""
    desk = Desk(FaultySink(server=server))
    one, two, three = await desk.append(
        draft("run/a"), draft("run/b", fence=REFUSED_FENCE), draft("run/c")
    )

    assert isinstance(two, RefusedByDatabaseError)
    assert isinstance(one, Commit)
    assert isinstance(three, Commit)
    assert (one.wseq, three.wseq) == (1, 2)
    assert desk.sink.log(desk.appender.writer) == [one, three] == desk.accepted


@pytest.mark.parametrize("stored", range(4))
async def test_after_a_lost_answer_nothing_is_stored_twice(stored: int) -> None:
    """The same documents are sent again; those that are in are met as our own."""
    desk = Desk(FaultySink([Loses(stored)]))
    answers = await desk.append(*(draft(f"run/{n}") for n in range(3)))

    assert answers == desk.accepted == desk.sink.log(desk.appender.writer)
    assert [one.wseq for one in desk.accepted] == [1, 2, 3]


async def test_when_the_database_stays_away_the_writer_takes_a_new_name() -> None:
    """Nobody knows which of its numbers arrived, so they are not used again."""
    desk = Desk(FaultySink([Loses(1)] * 40))
    before = desk.appender.writer
    answers = await desk.append(draft("run/a"), draft("run/b"))

    assert all(isinstance(one, StoreUnavailableError) for one in answers)
    assert desk.clock.monotonic() > 30
    after = desk.appender.writer
    assert after != before
    desk.sink._faults.clear()
    again, fresh = await desk.append(draft("run/a"), draft("run/c"))
    assert isinstance(again, ConcurrencyError)  # it had arrived under the old name
    assert isinstance(fresh, Commit)
    assert (fresh.writer, fresh.wseq) == (after, 1)
    assert desk.sink.registered == [before, after]


async def test_a_writer_whose_log_was_ended_goes_on_under_a_new_name() -> None:
    """A process that slept while a feeder ended its log loses nothing."""
    desk = Desk(FaultySink([None, Ends()]))
    before = desk.appender.writer
    (first,) = await desk.append(draft("run/a"))
    second, third = await desk.append(draft("run/b"), draft("run/c"))

    assert isinstance(first, Commit)
    assert isinstance(second, Commit)
    assert isinstance(third, Commit)
    after = desk.appender.writer
    assert after != before
    assert (second.writer, second.wseq, third.wseq) == (after, 1, 2)
    assert desk.sink.registered == [before, after]
    assert desk.accepted == [first, second, third]


async def test_an_unforeseen_error_reaches_only_whom_it_concerns() -> None:
    """The others of its batch are sent one by one and keep their numbers."""
    desk = Desk(FaultySink([Breaks(), None, Breaks()]))
    one, two, three = await desk.append(draft("run/a"), draft("run/b"), draft("run/c"))

    assert isinstance(one, Commit)
    assert isinstance(two, OSError)
    assert isinstance(three, Commit)
    assert desk.accepted == [one, three]


async def test_a_draft_without_canonical_form_never_reaches_the_queue() -> None:
    """Its caller is told at once, and the others do not wait for it."""
    desk = Desk(FaultySink())
    bad = RunSuperseded(by_run="\udcff", head_sha="a")
    one, two = await desk.append(
        draft("run/a"), Draft(stream="run/b", seq=1, time=NOON, events=(bad,))
    )

    assert isinstance(one, Commit)
    assert isinstance(two, ValueError)
    assert desk.sink.batches == [["run/a:1"]]


async def test_a_caller_that_leaves_does_not_stop_its_append() -> None:
    """What is durable is told to the listeners, also when nobody waits for it."""
    desk = Desk(FaultySink())
    leaving = asyncio.create_task(desk.appender.append(draft("run/a")))
    await asyncio.sleep(0)
    leaving.cancel()
    (staying,) = await desk.append(draft("run/b"))

    assert leaving.cancelled() or leaving.cancelling()
    assert [one.stream for one in desk.accepted] == ["run/a", "run/b"]
    assert desk.accepted[1] == staying


async def test_closing_ends_the_log_after_everything_else() -> None:
    """The last entry says so; a later append begins a log of its own."""
    desk = Desk(FaultySink())
    name = desk.appender.writer
    job = asyncio.create_task(desk.appender.append(draft("run/a")))
    await asyncio.sleep(0)
    await desk.appender.close()
    assert job.done()
    late = await desk.appender.append(draft("run/b"))

    assert late.writer != name
    log = desk.sink.log(name)
    assert [one.stream for one in log] == ["run/a", f"writer/{name}"]
    assert log[-1].events[0].model_dump() == {
        "type": "writer.retired",
        "writer": name,
        "reason": "closed",
    }


async def test_what_comes_while_the_log_is_ended_waits_for_the_next_name() -> None:
    """Nothing can follow the end of a log, or the feeder would not see it."""
    desk = Desk(FaultySink([None, Loses(1)]), FakeClock())
    name = desk.appender.writer
    await desk.append(draft("run/a"))
    closing = asyncio.create_task(desk.appender.close())
    await desk.clock.sleeping()
    late = asyncio.create_task(desk.appender.append(draft("run/b")))
    await desk.clock.advance(1)
    await closing

    assert (await late).writer != name
    assert [one.stream for one in desk.sink.log(name)] == ["run/a", f"writer/{name}"]


async def test_a_writer_that_never_appended_has_nothing_to_end() -> None:
    """Closing an unused appender writes nothing."""
    desk = Desk(FaultySink())
    await desk.appender.close()

    assert desk.sink.batches == []
    assert desk.sink.registered == []


async def test_closing_does_not_fail_when_the_database_is_away() -> None:
    """A feeder ends the log later."""
    desk = Desk(FaultySink([None] + [Loses()] * 40))
    name = desk.appender.writer
    await desk.append(draft("run/a"))
    await desk.appender.close()

    assert [one.stream for one in desk.sink.log(name)] == ["run/a"]


FAULTS = st.one_of(
    st.none(), st.builds(Loses, st.integers(0, 9)), st.just(Ends()), st.none()
)


@settings(max_examples=300, deadline=None)
@given(
    faults=st.lists(FAULTS, max_size=12),
    server=st.sampled_from(SERVERS),
    bursts=st.lists(
        st.lists(st.sampled_from(["ok", "taken", "refused"]), min_size=1, max_size=9),
        min_size=1,
        max_size=5,
    ),
)
def test_each_is_answered_truly_and_no_log_has_a_gap(
    faults: list[Fault],
    server: Literal["mongodb", "embedded"],
    bursts: list[list[str]],
) -> None:
    """Whatever is lost, taken, refused or ended, an answer says what is stored."""

    async def run() -> None:
        desk = Desk(FaultySink(faults, server=server))
        for number, burst in enumerate(bursts):
            drafts = [
                draft(f"run/{number}-{n}", fence=666 if kind == "refused" else 0)
                for n, kind in enumerate(burst)
            ]
            for one, kind in zip(drafts, burst, strict=True):
                if kind == "taken":
                    desk.sink.occupy(one.id)
            answers = await desk.append(*drafts)
            for one, kind, answer in zip(drafts, burst, answers, strict=True):
                check(desk, one, kind, answer)
        for writer in desk.sink.registered:
            log = desk.sink.log(writer)
            assert [one.wseq for one in log] == list(range(1, len(log) + 1))
            assert all(a.stream < b.stream for a, b in pairwise(log))
        stored = [one for one in desk.sink.stored.values() if one != "another"]
        assert desk.accepted == stored

    asyncio.run(run())


def check(desk: Desk, one: Draft, kind: str, answer: Commit | BaseException) -> None:
    """Compare one answer with what the journal holds."""
    match kind:
        case "taken":
            assert isinstance(answer, ConcurrencyError)
        case "refused":
            assert isinstance(answer, RefusedByDatabaseError)
            assert one.id not in desk.sink.stored
        case _:
            assert isinstance(answer, Commit)
            assert desk.sink.stored[one.id] == answer
