"""Frames are read back whole, wherever the bytes are cut and the connection breaks."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feed.page import FeedEntry
from core.live.cursor import Reset, Start, start
from core.live.frames import KEEP_ALIVE, control, frame, retry
from tests.fakes.event_stream import Message, StreamParser

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
TEXT = st.text(max_size=20) | st.sampled_from(["\r\n", "\n\ndata: x", "\u2028", "é\0"])
DATA = st.dictionaries(TEXT, TEXT | st.integers() | st.lists(TEXT), max_size=4)


def entry(position: int, data: dict[str, Any]) -> FeedEntry:
    """Return an event at a position."""
    return FeedEntry(
        position=position,
        id=f"run/run_1:{position}.0",
        type="moon.risen",
        time=NOON,
        stream="run/run_1",
        data=data,
    )


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return the bytes in portions that end at the places."""
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    begins = [0, *ends[:-1]]
    return [data[begin:end] for begin, end in zip(begins, ends, strict=True)]


@given(events=st.lists(DATA, max_size=5), places=st.lists(st.integers(0), max_size=20))
def test_events_are_read_back_however_the_bytes_are_cut(
    events: list[dict[str, Any]], places: list[int]
) -> None:
    """Whatever the texts hold, nothing of it ends a line or a frame."""
    frames = [frame(entry(place, data)) for place, data in enumerate(events, start=1)]
    parser = StreamParser()
    sent = retry(2.5) + KEEP_ALIVE.join(one.data for one in frames) + KEEP_ALIVE

    got = [one for part in cut(sent, places) for one in parser.feed(part)]

    assert [one.value["data"] for one in got] == events
    assert [one.last_id for one in got] == [str(one.position) for one in frames]
    assert {one.name for one in got} <= {"message"}
    assert (parser.retry, parser.comments) == (2500, max(len(frames), 1))


def test_a_client_cut_off_at_any_byte_goes_on_without_loss_or_repeat() -> None:
    """It comes back with the last id that it took whole, and is sent what follows."""
    frames = [frame(entry(place, {"n": place})) for place in range(1, 5)]
    live = control("stream.live", {"position": 4}, position=4)
    whole = b"".join(one.data for one in frames) + KEEP_ALIVE + live
    for offset in range(len(whole) + 1):
        first = StreamParser()
        got: list[Message] = first.feed(whole[:offset])
        again = int(first.last_id or 0)
        second = StreamParser(last_id=first.last_id)
        got += second.feed(b"".join(one.data for one in frames[again:]) + live)
        places = [one.value["position"] for one in got if one.name == "message"]
        assert places == [1, 2, 3, 4], f"cut off at {offset}"
        assert second.last_id == "4"


def test_a_frame_about_the_stream_has_a_name_and_data() -> None:
    """So `onmessage` hears of events alone."""
    (got,) = StreamParser(last_id="7").feed(control("stream.reset", {"oldest": 3}))

    assert got == Message("stream.reset", '{"oldest":3}', "7")


@pytest.mark.parametrize(
    ("asked", "begins"),
    [
        (None, Start(9)),
        (0, Start(0)),
        ("0", Start(0)),
        ("9", Start(9)),
        (7, Start(7)),
        ("10", Start(0, Reset.UNKNOWN)),
        (2**53, Start(0, Reset.UNKNOWN)),
        ("99999999999999999999", Start(0, Reset.UNKNOWN)),
        ("-1", Start(0, Reset.UNKNOWN)),
        ("٣", Start(0, Reset.UNKNOWN)),
        ("run/run_1:1.0", Start(0, Reset.UNKNOWN)),
    ],
)
def test_a_stream_begins_after_what_the_client_has(
    asked: str | int | None, begins: Start
) -> None:
    """With nothing it begins now; with what this feed never gave out, anew."""
    assert start(asked, 9) == begins
