"""Where a captured state goes, and that it comes back from there."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.checkpoints.capture import INLINE_BYTES, Checkpoints
from core.clock import Ids, SystemClock
from core.store.blobs import Blobs, Digest, canonical, digest_of
from core.store.database import Database


@pytest.mark.parametrize(
    ("state", "inline"),
    [
        ({"text": "short", "": {"a.b": 1, "$set": 2}}, True),
        ({"text": "x" * INLINE_BYTES}, False),
        ({"name\u0000": 1}, False),
        ({"deep": [{"\u0000": 1}]}, False),
    ],
    ids=["small", "large", "a name that no field can have", "deep inside"],
)
async def test_a_state_goes_where_it_fits(
    database: Database,
    state: dict[str, Any],
    inline: bool,  # noqa: FBT001 # a parameter of the test
) -> None:
    """Inline into an entry that MongoDB takes, and else into the blobs."""
    blobs = Blobs(database)
    ids = Ids(SystemClock())
    captured = await Checkpoints(blobs=blobs, ids=ids, mask=lambda one: one).capture(
        state
    )
    assert (captured.inline is not None) is inline
    if inline:
        await database.db["entries"].insert_one({"_id": 1, "state": captured.inline})
        found = await database.db["entries"].find_one({"_id": 1})
        assert found == {"_id": 1, "state": state}
    else:
        assert await blobs.get_json(Digest(captured.digest)) == state


def masked(value: Any) -> Any:
    """Return a JSON value with the word `hush` masked in it, names too."""
    match value:
        case str():
            return value.replace("hush", "[masked]")
        case dict():
            return {masked(name): masked(item) for name, item in value.items()}
        case list():
            return [masked(item) for item in value]
        case _:
            return value


NAMES = st.sampled_from(["a", "b", "hush", "[masked]", "\ue000", "\U00010000", '"'])
LEAVES = st.sampled_from(["hush", "loud", "", 1, 1.5, True, None, "\u0000"])
FIELDS = st.dictionaries(
    NAMES,
    st.recursive(
        LEAVES, lambda one: st.lists(one, max_size=2) | st.dictionaries(NAMES, one)
    ),
    max_size=4,
)


# Its states are small: nothing of them goes to the database.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(states=st.lists(FIELDS, min_size=1, max_size=4))
async def test_what_was_clean_once_is_masked_as_if_it_were_new(
    database: Database, states: list[dict[str, Any]]
) -> None:
    """Whatever was captured before, a state has the mask and the digest of its own."""
    ids = Ids(SystemClock())
    checkpoints = Checkpoints(blobs=Blobs(database), ids=ids, mask=masked)
    for state in states:
        captured = await checkpoints.capture(state)
        assert captured.state == masked(state)
        assert captured.digest == digest_of(canonical(masked(state)))
        again = await checkpoints.capture(captured.state)
        assert again == captured


async def test_only_what_is_new_is_read_for_secrets(database: Database) -> None:
    """A field that a step changed inside is new, also when it is the same object."""
    read: list[set[str]] = []

    def watched(state: dict[str, Any]) -> dict[str, Any]:
        read.append(set(state))
        return {name: masked(value) for name, value in state.items()}

    ids = Ids(SystemClock())
    checkpoints = Checkpoints(blobs=Blobs(database), ids=ids, mask=watched)
    state: dict[str, Any] = {"one": ["fine"], "two": {"deep": ["fine"]}}
    await checkpoints.capture(state)
    await checkpoints.capture({**state, "three": "hush"})
    state["two"]["deep"].append("hush")
    captured = await checkpoints.capture({**state, "three": "hush"})
    assert read == [{"one", "two"}, {"three"}, {"two", "three"}]
    assert captured.state == masked({**state, "three": "hush"})
