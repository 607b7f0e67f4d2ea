"""Workspaces: each content once, compared by content, sealed, swept."""

import base64
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ItemNotFoundError, SealBrokenError
from core.memory.compare import Entry, Tree, compare
from core.memory.contents import Contents
from core.memory.model import JSON, Scope
from core.memory.redaction_rules import PatternTarget
from core.memory.schema import CONTENTS
from core.memory.workspace import MOST_FILES, Workspaces
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import PULL, Remembering, message, remembering

FILES = {"a.py": b"one\n", "b.py": b"two\n", "data.bin": bytes(range(256))}
OTHER = Scope(kind="pull", repository="octo/hello", pull=8)


def masked(content: JSON) -> JSON:
    """Take one secret out of texts."""
    return {
        name: value.replace("hunter2", "***") if isinstance(value, str) else value
        for name, value in content.items()
    }


@pytest.fixture
async def here(database: Database, clock: FakeClock) -> AsyncIterator[Remembering]:
    """Give the memory of one process."""
    made = await remembering(database, clock, mask=masked)
    yield made
    await made.close()


def of(here: Remembering) -> Workspaces:
    """Return the workspaces of a memory."""
    return Workspaces(here.memory, Contents(here.database))


async def stored(here: Remembering) -> list[str]:
    """Return the ids of all contents."""
    found = await here.database.db[CONTENTS].find({}).to_list(None)
    return sorted(str(one["_id"]) for one in found)


async def test_a_tree_comes_back_with_its_contents(here: Remembering) -> None:
    """Whatever the bytes are."""
    session = await here.memory.of(PULL)
    await of(here).save(session.id, "a" * 40, FILES, refs={"run": "run_1"})

    found = await of(here).latest(session.id)

    assert found is not None
    assert (found.head_sha, found.run, found.left_out) == ("a" * 40, "run_1", 0)
    read = {
        path: await of(here).content(session.id, entry.blob)
        for path, entry in found.tree.items()
    }
    assert read == FILES


async def test_equal_contents_are_stored_once(here: Remembering) -> None:
    """Within a tree, across trees, and not across sessions."""
    session, other = await here.memory.of(PULL), await here.memory.of(OTHER)
    await of(here).save(session.id, "a" * 40, {**FILES, "c.py": FILES["a.py"]})
    first = await stored(here)
    await of(here).save(session.id, "b" * 40, {**FILES, "d.py": b"new\n"})
    assert (len(first), len(await stored(here))) == (3, 4)

    await of(here).save(other.id, "a" * 40, FILES)
    names = [one.partition(":")[2] for one in await stored(here)]
    assert len(names) == len(set(names)) == 7


async def test_nothing_of_a_file_lies_in_the_database(here: Remembering) -> None:
    """Neither its bytes nor its path, nor a digest that anybody could make."""
    session = await here.memory.of(PULL)
    text = b"unmistakable words\n" * 100
    await of(here).save(session.id, "a" * 40, {"unmistakable/path.py": text})
    await here.memory.sealing.flush()
    for name in await here.database.db.list_collection_names():
        for document in await here.database.db[name].find({}).to_list(None):
            for value in (str(document), str(_bytes(document))):
                assert "unmistakable" not in value


def _bytes(value: object) -> object:
    match value:
        case dict():
            return {name: _bytes(one) for name, one in value.items()}
        case bytes():
            return value + base64.b64encode(value)
        case _:
            return value


async def test_secrets_are_masked_and_the_real_content_is_compared(
    here: Remembering,
) -> None:
    """A file whose secret changed is another file."""
    session = await here.memory.of(PULL)
    first = await of(here).named(session.id, {"a": b"key = hunter2\n"})
    await of(here).save(session.id, "a" * 40, {"a": b"key = hunter2\n"})
    found = await of(here).latest(session.id)
    assert found is not None
    assert found.tree == first
    assert await of(here).content(session.id, first["a"].blob) == b"key = ***\n"
    assert await of(here).named(session.id, {"a": b"key = hunter3\n"}) != first


async def test_too_much_is_left_out_and_counted(here: Remembering) -> None:
    """The first by their paths are kept."""
    session = await here.memory.of(PULL)
    files = {f"{number:05}": b"x" for number in range(MOST_FILES + 5)}
    files["00000"] = b"x" * 1_000_001
    files["00001\udcff"] = b"x"
    await of(here).save(session.id, "a" * 40, files)
    found = await of(here).latest(session.id)
    assert found is not None
    assert (len(found.tree), found.left_out) == (MOST_FILES, 6)


async def test_a_content_in_anothers_place_does_not_open(here: Remembering) -> None:
    """Nor does one of another session."""
    session = await here.memory.of(PULL)
    await of(here).save(session.id, "a" * 40, FILES)
    tree = await of(here).named(session.id, FILES)
    contents = here.database.db[CONTENTS]
    taken = await contents.find_one({"_id": f"{session.id}:{tree['a.py'].blob}"})
    assert taken is not None
    await contents.update_one(
        {"_id": f"{session.id}:{tree['b.py'].blob}"},
        {"$set": {"sealed": taken["sealed"]}},
    )
    with pytest.raises(SealBrokenError):
        await of(here).content(session.id, tree["b.py"].blob)
    with pytest.raises(ItemNotFoundError):
        await of(here).content(session.id, "0" * 64)


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
TREES = st.dictionaries(
    NAMES, st.builds(Entry, blob=st.sampled_from("xyz"), size=st.just(1))
)


@given(TREES, TREES)
def test_each_path_is_in_one_class(before: Tree, after: Tree) -> None:
    """And what is said of it is true of its contents."""
    found = compare(before, after)
    new = [
        *found.added,
        *found.changed,
        *found.unchanged,
        *(to for _, to in found.moved),
    ]
    assert sorted(new) == sorted(after)
    old = [
        *found.removed,
        *found.changed,
        *found.unchanged,
        *(gone for gone, _ in found.moved),
    ]
    assert sorted(old) == sorted(before)
    for gone, to in found.moved:
        assert before[gone].blob == after[to].blob
    assert all(before[one].blob == after[one].blob for one in found.unchanged)
    assert all(before[one].blob != after[one].blob for one in found.changed)
    left = {before[path].blob for path in found.removed}
    assert not left & {after[path].blob for path in found.added}


async def test_a_redaction_reaches_the_contents(here: Remembering) -> None:
    """The tree is compared as before, for names tell nothing of what was there."""
    session = await here.memory.of(PULL)
    files = {"a.py": b"a = 1\nkey = 'correct horse battery'\n", "b.py": b"two\n"}
    await of(here).save(session.id, "a" * 40, files)

    said = message("it is correct horse battery")
    await here.memory.append(session.id, [said])
    await here.redactions.request(
        session.id,
        PatternTarget(pattern="correct horse [a-z]+"),
        reason="a password",
        actor="ada",
    )

    tree = await of(here).named(session.id, files)
    text = (await of(here).content(session.id, tree["a.py"].blob)).decode()
    assert "correct horse" not in text
    assert text.startswith("a = 1\nkey = '")
    assert await of(here).content(session.id, tree["b.py"].blob) == b"two\n"
