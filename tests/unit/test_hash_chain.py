"""The hash chain: whatever is changed afterwards shows, at the place of the change."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BrokenChainError
from core.events.commit import (
    GENESIS,
    Commit,
    Draft,
    chain_hash,
    from_document,
    verify_chain,
)
from core.events.schema import RunStateChanged, RunSuperseded

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
COVERED = ("stream", "seq", "time", "fence", "from", "to", "events", "prev_hash")
Document = dict[str, Any]


def chain(length: int, stream: str = "run/1") -> list[Document]:
    """Return the documents of a stream, each linked to the one before."""
    documents: list[Document] = []
    head = GENESIS
    for seq in range(1, length + 1):
        draft = Draft(
            stream=stream,
            seq=seq,
            time=NOON + timedelta(milliseconds=seq),
            events=(
                RunStateChanged(
                    transition="claim", from_="queued", to="running", actor=f"w{seq}"
                ),
                RunSuperseded(by_run="run_2", head_sha="ü" * seq),
            ),
            from_="queued",
            to="running",
            fence=seq,
            prev_hash=head,
            state={"step": seq} if seq % 2 else None,
        )
        head = draft.hash()
        documents.append(commit(draft).document())
    return documents


def commit(draft: Draft) -> Commit:
    """Return the draft with numbers of its writer."""
    return Commit(
        **{name: getattr(draft, name) for name in Draft.__slots__},
        writer="w_1",
        wseq=draft.seq,
        stored_hash=draft.hash(),
    )


def test_an_untouched_chain_verifies_to_its_head() -> None:
    """Also when it is empty, and from commits that were read back."""
    documents = chain(5)

    assert verify_chain(documents) == documents[-1]["hash"]
    assert verify_chain([]) == GENESIS
    again = [from_document(one).document() for one in documents]
    assert again == documents


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


def paths(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the way to each value inside a document, the document's own left out."""
    if isinstance(value, dict):
        inner = [(key, one) for key, one in value.items()]
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        inner = []
    return [way for key, one in inner for way in ((*at, key), *paths(one, (*at, key)))]


@given(data=st.data(), place=st.integers(0, 4))
def test_any_change_shows_at_its_place(data: st.DataObject, place: int) -> None:
    """Of any field that the hash covers, at any depth: replaced, or taken away."""
    documents = chain(5)
    document = documents[place]
    ways = [way for way in paths(document) if way[0] in (*COVERED, "hash", "_id")]
    way = data.draw(st.sampled_from(ways))
    holder: Any = document
    for key in way[:-1]:
        holder = holder[key]
    before = deepcopy(holder[way[-1]])
    if data.draw(st.booleans()):
        other = json_values.filter(lambda value: differs(value, before))
        holder[way[-1]] = data.draw(other)
    else:
        del holder[way[-1]]

    with pytest.raises(BrokenChainError) as broken:
        verify_chain(documents)

    assert broken.value.facts["seq"] == place + 1


def differs(value: object, before: object) -> bool:
    """Return whether two JSON values are two; in Python True is 1."""
    return value != before or type(value) is not type(before)


@given(place=st.integers(0, 3), rest=st.integers(0, 3))
def test_a_missing_or_moved_entry_shows(place: int, rest: int) -> None:
    """A hole, a doubled entry and a swapped pair all break the chain there."""
    documents = chain(8)
    without = documents[:place] + documents[place + 1 :]
    swapped = documents[:]
    swapped[place], swapped[place + 1 + rest] = (
        swapped[place + 1 + rest],
        swapped[place],
    )
    for broken in (
        without,
        documents[: place + 1] + documents[place:],
        swapped,
    ):
        with pytest.raises(BrokenChainError) as found:
            verify_chain(broken)
        assert place + 1 <= int(str(found.value.facts["seq"])) <= place + 2


def test_a_forged_entry_with_a_hash_of_its_own_shows_after_it() -> None:
    """Whoever forges one entry must forge all that follow."""
    documents = chain(3)
    forged = documents[1]
    forged["to"] = "succeeded"
    entry = {name: forged[name] for name in COVERED if name != "prev_hash"}
    entry["time"] = forged["time"].isoformat(timespec="milliseconds")
    forged["hash"] = chain_hash(forged["prev_hash"], entry)

    with pytest.raises(BrokenChainError, match="sequence 3"):
        verify_chain(documents)


def test_another_streams_entry_shows() -> None:
    """Even when it stands at the right sequence with a hash that fits."""
    documents, others = chain(2), chain(2, "run/2")

    with pytest.raises(BrokenChainError, match="another stream"):
        verify_chain([documents[0], others[1]])


@pytest.mark.parametrize("bad", [float("nan"), {"when": NOON}, "\udcff", 2**60])
def test_content_without_a_canonical_form_is_broken_not_a_crash(bad: object) -> None:
    """Whatever someone put there by hand, the answer names the place."""
    documents = chain(2)
    documents[1]["events"][0]["data"]["actor"] = bad

    with pytest.raises(BrokenChainError, match="sequence 2"):
        verify_chain(documents)


def test_the_hash_does_not_depend_on_the_time_zone() -> None:
    """A time is hashed in UTC, as the database gives it back."""
    event = RunSuperseded(by_run="run_2", head_sha="a")
    utc = Draft(stream="run/1", seq=1, time=NOON, events=(event,))
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))

    assert Draft(stream="run/1", seq=1, time=berlin, events=(event,)).hash() == (
        utc.hash()
    )
    # Pinned: another way of hashing would break every chain that exists.
    assert utc.hash() == (
        "56279fc59b6ed5806b9dcbe61191e6626bbd80d31f085c6a6eb8b6ad0f8d9a2f"
    )
