"""The feed's order as rules: merged logs, and the pages they are laid out in."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.events.schema import RunSuperseded
from core.feed import order as feed_order
from core.feed.order import Logged, contiguous, in_order, pages, without
from core.feed.page import (
    MOST_BYTES,
    MOST_ENTRIES,
    FeedEntry,
    Head,
    Page,
    Part,
    entries_of,
    head_of,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def commit(
    writer: str, wseq: int, stream: str, seq: int, *, events: int = 1, size: int = 0
) -> Logged:
    """Return a commit that was decided `wseq` seconds past noon."""
    event = RunSuperseded(by_run=f"r{seq}", head_sha="a" * size).stored()
    return Logged(
        writer=writer,
        wseq=wseq,
        stream=stream,
        seq=seq,
        time=NOON + timedelta(seconds=wseq),
        events=(event,) * events,
    )


def ids(found: Iterable[Page]) -> list[str]:
    """Return the entries' ids, page after page."""
    return [entry.id for page in found for entry in page.entries]


def test_logs_are_merged_by_time_and_a_stream_keeps_its_order() -> None:
    """A clock that is behind cannot bring a commit before its predecessor."""
    late = commit("late", 1, "run/1", 2)
    logs = {
        "a": [commit("a", 3, "run/1", 1), commit("a", 4, "run/2", 1)],
        "late": [late, commit("late", 2, "run/3", 1)],
    }

    found = [(one.stream, one.seq) for one in in_order(logs, {})]

    assert found == [("run/1", 1), ("run/1", 2), ("run/3", 1), ("run/2", 1)]


def test_a_commit_without_its_predecessor_holds_back_its_writer() -> None:
    """It is fed later, with all that its writer appended after it."""
    logs = {
        "a": [commit("a", 1, "run/1", 3), commit("a", 2, "run/2", 1)],
        "b": [commit("b", 1, "run/3", 1)],
    }

    assert [one.stream for one in in_order(logs, {})] == ["run/3"]
    assert [one.stream for one in in_order(logs, {"run/1": 2})] == [
        *("run/1", "run/3", "run/2")
    ]


def test_a_half_fed_commit_comes_first() -> None:
    """And when it cannot be read, nothing goes before it."""
    logs = {"a": [commit("a", 1, "run/1", 1)], "b": [commit("b", 9, "run/2", 5)]}

    assert [one.writer for one in in_order(logs, {}, first="b")] == ["b", "a"]
    assert in_order({"a": logs["a"]}, {}, first="b") == []


def test_only_numbers_without_a_gap_are_taken() -> None:
    """What lies behind a gap is not durable for every reader yet."""
    log = [commit("a", wseq, "run/1", wseq) for wseq in (8, 5, 6)]

    assert [one.wseq for one in contiguous(log, 4)] == [5, 6]
    assert contiguous(log, 3) == ()


def test_a_commit_that_does_not_fit_is_split() -> None:
    """The head says how far it got; another feeder goes on from there."""
    long = commit("a", 1, "run/1", 1, events=MOST_ENTRIES + 3)
    first, second = pages(Head(), [long, commit("a", 2, "run/1", 2)])

    assert first.head == Head(position=200, cursors={}, part=Part("a", 200))
    assert second.head == Head(position=204, cursors={"a": 2})
    assert [e.id for e in second.entries] == [
        *("run/1:1.200", "run/1:1.201", "run/1:1.202", "run/1:2.0")
    ]
    (again,) = pages(head_of(first.document()), [long, commit("a", 2, "run/1", 2)])
    assert again == second


def test_a_page_ends_before_it_grows_too_large() -> None:
    """An event that is too large by itself has a page of its own."""
    commits = [
        commit("a", 1, "run/1", 1, size=MOST_BYTES * 6 // 10),
        commit("a", 2, "run/1", 2, size=MOST_BYTES * 6 // 10),
        commit("a", 3, "run/1", 3, size=MOST_BYTES * 2),
        commit("a", 4, "run/1", 4),
    ]

    found = list(pages(Head(), commits))

    assert [len(page.entries) for page in found] == [1, 1, 1, 1]
    assert [page.head.cursors for page in found] == [{"a": n} for n in range(1, 5)]


def test_a_page_reads_back_as_it_was() -> None:
    """Its entries give the typed events."""
    (page,) = pages(Head(position=9, cursors={"b": 3}), [commit("a", 1, "run/1", 1)])

    assert entries_of(page.document()) == page.entries
    assert head_of(page.document()) == page.head
    assert page.document()["_id"] == 10
    assert page.head.cursors == {"a": 1, "b": 3}
    assert page.entries[0].payload() == RunSuperseded(by_run="r1", head_sha="")
    assert list(pages(page.head, [])) == []


def test_ended_logs_leave_the_cursors() -> None:
    """The end of a log names its own writer, not one that it only speaks of."""
    head = Head(position=4, cursors={"a": 2, "b": 2})
    end = {"type": "writer.retired", "data": {"writer": "a", "reason": "silent"}}

    assert without(head, {"a", "c"}) == Head(position=4, cursors={"b": 2})
    for writer, ends in (("a", True), ("b", False)):
        one = commit(writer, 1, "writer/a", 1)
        words = Logged(**{**_fields(one), "events": (end,)})  # type: ignore[arg-type] # by name
        assert words.ends_log is ends


def _fields(one: Logged) -> dict[str, object]:
    return {name: getattr(one, name) for name in Logged.__slots__}


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_road_through_the_logs_gives_one_order(seed: int) -> None:
    """Whatever each look sees: no gap, no repeat, and streams keep their order."""
    rng = random.Random(seed)  # noqa: S311 # many cheap choices from one number
    logs = _history(rng)
    head, entries, fed = Head(), list[FeedEntry](), dict[str, int]()
    for _ in range(1000):
        cursors = {writer: head.cursors.get(writer, 0) for writer in logs}
        if cursors == {writer: len(log) for writer, log in logs.items()}:
            break
        first = head.part.writer if head.part else None
        window = {
            writer: contiguous(log[cursors[writer] :][:limit], cursors[writer])
            for writer, log in logs.items()
            for limit in [max(rng.randint(0, 9), writer == first)]
        }
        for page in pages(head, in_order(window, fed, first=first), most=5):
            entries.extend(page.entries)
            head = page.head
            for entry in page.entries:
                stream, seq = entry.id.split(".")[0].rsplit(":", 1)
                fed[stream] = max(fed.get(stream, 0), int(seq))
            if rng.randint(0, 9) < 3:  # a feeder dies here, the next reads the page
                head = head_of(page.document())
                break

    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    wanted = {
        f"{one.stream}:{one.seq}.{index}"
        for log in logs.values()
        for one in log
        for index in range(len(one.events))
    }
    assert {entry.id for entry in entries} == wanted
    assert len(entries) == len(wanted)
    order: dict[str, list[tuple[int, int]]] = {}
    for entry in entries:
        stream, _, place = entry.id.rpartition(":")
        seq, index = place.split(".")
        order.setdefault(stream, []).append((int(seq), int(index)))
    assert all(places == sorted(places) for places in order.values())
    assert head.cursors == {writer: len(log) for writer, log in logs.items() if log}


def _history(rng: random.Random) -> dict[str, list[Logged]]:
    """Return the logs of a few writers that append to each other's streams."""
    logs: dict[str, list[Logged]] = {name: [] for name in "abc"}
    seqs = dict.fromkeys(["run/1", "run/2", "run/3"], 0)
    for _ in range(rng.randint(0, 40)):
        writer, stream = rng.choice("abc"), rng.choice(list(seqs))
        seqs[stream] += 1
        log = logs[writer]
        events = rng.choice([1, 1, 2, 7, 17])
        log.append(commit(writer, len(log) + 1, stream, seqs[stream], events=events))
    return logs


def test_the_bounds_are_those_of_the_rules() -> None:
    """Readers rely on no page being longer."""
    many = [commit("a", n, f"run/{n}", 1) for n in range(1, MOST_ENTRIES * 2 + 2)]

    found = [len(page.entries) for page in pages(Head(), many)]

    assert found == [MOST_ENTRIES, MOST_ENTRIES, 1]
    assert feed_order.ENTRY_OVERHEAD > 0
