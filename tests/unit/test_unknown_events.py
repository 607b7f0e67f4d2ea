"""What a newer program has told goes through all of an older one, and harms nothing."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.events.base import JSON, UnknownEvent
from core.events.bus import Bus, Occurrence
from core.events.commit import Draft, from_document, verify_chain
from core.events.schema import RunSuperseded, read
from core.feed.envelope import encoded
from core.feed.order import logged, pages
from core.feed.page import Head, entries_of
from core.feed.query import ALL
from core.live.frames import frame
from core.runs.account import account
from core.runs.continuity import verify_moves
from core.runs.evolve import evolve, fold
from tests.fakes.commits import RUN_ID, Story, committed

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(["subject", "transition", "from", "to", "type", "step", "x"])
DATA = st.dictionaries(NAMES, VALUES, max_size=4)


def told(data: JSON) -> Story:
    """Return a run that a newer program has told something of."""
    story = Story()
    story.move("claim")
    story.add(
        read({"type": "moon.landed", "data": data}),
        RunSuperseded(by_run="run_2", head_sha="h"),
    )
    return story


@given(DATA)
def test_a_run_is_folded_without_it(data: JSON) -> None:
    """All that is known is as if it were not there, and the history still proves."""
    story, plain = told(data), Story()
    plain.move("claim")
    plain.add(RunSuperseded(by_run="run_2", head_sha="h"))

    assert replace(story.run, head_hash="") == replace(plain.run, head_hash="")
    assert account(story.commits) == account(plain.commits)
    verify_moves(story.commits)
    documents = [commit.document() for commit in story.commits]
    assert verify_chain(documents) == story.run.head_hash
    again = [from_document(one) for one in documents]
    assert fold(RUN_ID, again) == story.run
    assert again == story.commits


@given(DATA)
def test_it_is_fed_and_shown_as_it_stands(data: JSON) -> None:
    """In its place among the others, found by its type, in pages and in streams."""
    log = [logged(commit.document()) for commit in told(data).commits]
    (page,) = pages(Head(), log)
    entries = entries_of(page.document())

    (entry,) = (one for one in entries if one.type == "moon.landed")

    assert [one.position for one in entries] == [1, 2, 3, 4]
    assert entry.payload() == UnknownEvent(type="moon.landed", data=data)
    assert replace(ALL, types=("moon.*",)).matches(entry)
    shown = json.loads(encoded(entry))
    assert (shown["type"], shown["data"]) == ("moon.landed", data)
    assert shown["dataschema"] is None
    assert frame(entry).data.startswith(b"id: 3\ndata: {")


async def test_listeners_in_the_process_are_told_by_its_type() -> None:
    """Who asked for what is known is left alone with it."""
    bus = Bus()
    event = read({"type": "moon.landed", "data": {}})
    draft = Draft(stream="x/1", seq=1, time=NOON, events=(event,))
    with bus.subscribe(RunSuperseded) as known, bus.subscribe(UnknownEvent) as unknown:
        bus.publish([committed(draft)])
        heard = await unknown.next()
        assert isinstance(heard, Occurrence)
        assert heard.event == event
        known.close()
        assert await known.next() is None


def test_a_run_that_goes_on_after_it_is_decided_as_ever() -> None:
    """The next commit follows from the last, whatever that told."""
    story = told({"to": "moon"})
    before = story.run
    story.move("lose_lease")
    assert story.run.status == "queued"
    assert evolve(before, story.commits[-1]) == story.run
