"""The newest commits of a process, kept for its feeder."""

from hypothesis import given
from hypothesis import strategies as st

from core.events.commit import Commit, Draft
from core.events.just_appended import JustAppended
from core.events.schema import RunSuperseded
from core.feed.order import just_logged
from tests.fakes.clock import NOON

EVENT = RunSuperseded(by_run="r", head_sha="a" * 40)


def commit(writer: str, wseq: int) -> Commit:
    """Return a commit of a writer."""
    return Commit(
        stream=f"{writer}/1",
        seq=wseq,
        time=NOON,
        events=(EVENT,),
        writer=writer,
        wseq=wseq,
        stored_hash="f" * 64,
    )


def numbers(newest: JustAppended, writer: str, wseq: int, limit: int) -> list[int]:
    """Return the numbers of what follows."""
    return [one.wseq for one in newest.after(writer, wseq, limit=limit)]


@given(
    writers=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), max_size=6),
    kept=st.integers(1, 12),
    cursor=st.integers(0, 30),
    limit=st.integers(1, 12),
)
def test_what_follows_has_no_gap_and_is_the_writers(
    writers: list[tuple[str, int]], kept: int, cursor: int, limit: int
) -> None:
    """Whatever was appended under which names, what is told begins right after."""
    newest = JustAppended(kept)
    last, known = {"a": 0, "b": 0}, set[tuple[str, int]]()
    for writer, length in writers:
        first = last[writer] + 2  # the one before was not accepted here
        last[writer] = first + length - 1
        added = range(first, first + length)
        newest.add(commit(writer, number) for number in added)
        known |= {(writer, number) for number in added}

    for writer in "ab":
        found = numbers(newest, writer, cursor, limit)
        assert found == list(range(cursor + 1, cursor + 1 + len(found)))
        assert len(found) <= min(limit, kept)
        assert known.issuperset((writer, number) for number in found)


def test_all_that_follows_is_told_while_it_is_kept() -> None:
    """From any cursor that is not further back than what is kept."""
    newest = JustAppended(5)
    newest.add(commit("a", n) for n in range(1, 9))

    assert numbers(newest, "a", 3, 9) == [4, 5, 6, 7, 8]
    assert numbers(newest, "a", 5, 2) == [6, 7]
    assert numbers(newest, "a", 8, 9) == []
    assert numbers(newest, "a", 2, 9) == []
    assert numbers(newest, "b", 3, 9) == []


def test_events_are_told_as_they_are_stored() -> None:
    """Also those of which a part lies in a blob."""
    cut = {"by_run": "r…", "head_sha": "a", "$blobs": {"by_run": {"$blob": "sha256:"}}}
    draft = Draft(stream="x/1", seq=1, time=NOON, events=(EVENT, EVENT), cut={1: cut})
    known = draft.entry()
    for made in (None, known):
        one = Commit(
            stream="x/1",
            seq=1,
            time=NOON,
            events=draft.events,
            cut=draft.cut,
            writer="w_1",
            wseq=1,
            stored_hash="f" * 64,
            made=made,
        )
        newest = JustAppended()
        newest.add([one])
        (told,) = map(just_logged, newest.after("w_1", 0, limit=1))
        assert list(told.events) == one.document()["events"] == known["events"]
        assert told.events[1]["data"] == cut
