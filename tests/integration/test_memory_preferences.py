"""Preferences of a session: set, listed, forgotten; the newest of a name counts."""

from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from core.errors import ItemMalformedError, ItemNotFoundError
from core.memory.preferences import MOST, Preferences, Value, Wish, type_of
from core.memory.schema import ITEMS
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import PULL, Remembering, message, remembering


@pytest.fixture
async def here(database: Database, clock: FakeClock) -> AsyncIterator[Remembering]:
    """Give the memory of one process."""
    made = await remembering(database, clock)
    yield made
    await made.close()


def of(here: Remembering) -> Preferences:
    """Return the preferences of a memory."""
    return Preferences(here.memory, here.redactions)


def wish(name: str, value: Value, why: str = "") -> Wish:
    """Return a wish of the type that its value has."""
    kind = type_of(value)
    assert kind is not None
    return Wish(name=name, type=kind, value=value, why=why)


async def test_each_type_comes_back_as_it_was_set(here: Remembering) -> None:
    """With who wants it and why."""
    session = await here.memory.of(PULL)
    values: dict[str, Value] = {
        "text": "prefer dataclasses",
        "whole": 100,
        "part": 0.5,
        "flag": True,
        "list": ("a", "b"),
    }
    for name, value in values.items():
        await of(here).set(session.id, wish(name, value, "it is so"), actor="ada")

    kept = (await of(here).standing(session.id)).preferences

    assert {one.name: one.value for one in kept} == values
    assert [type(one.value) for one in kept] == list(map(type, values.values()))
    assert {(one.set_by, one.why) for one in kept} == {("ada", "it is so")}


async def test_the_newest_of_a_name_counts(here: Remembering) -> None:
    """It has another number, and stands where it was set."""
    session = await here.memory.of(PULL)
    for name, value in (("width", 79), ("tone", "kind"), ("width", 88)):
        await of(here).set(session.id, wish(name, value), actor="ada")

    kept = (await of(here).standing(session.id)).preferences

    assert [(one.number, one.name, one.value) for one in kept] == [
        (2, "tone", "kind"),
        (3, "width", 88),
    ]


async def test_what_is_forgotten_is_erased_with_what_it_was_before(
    here: Remembering,
) -> None:
    """The chain adds up afterwards, and the others stay."""
    session = await here.memory.of(PULL)
    for name, value in (("width", 79), ("tone", "kind"), ("width", 88)):
        await of(here).set(session.id, wish(name, value), actor="ada")

    gone = await of(here).forget(session.id, [3], actor="ada")

    assert gone == (3,)
    assert [one.name for one in (await of(here).standing(session.id)).preferences] == [
        "tone"
    ]
    items = {one.seq: one.content for one in await here.memory.read(session.id)}
    assert (items[1], items[3]) == (None, None)
    stored = await here.database.db[ITEMS].find({"session": session.id}).to_list(None)
    assert sorted(one["seq"] for one in stored if "sealed" not in one) == [1, 3]


async def test_a_number_that_is_none_forgets_nothing(here: Remembering) -> None:
    """Neither does one that a newer value has taken the place of."""
    session = await here.memory.of(PULL)
    await here.memory.append(session.id, [message("hello")])
    for value in (1, 2):
        await of(here).set(session.id, wish("width", value), actor="ada")
    for number in (1, 2, 9):
        with pytest.raises(ItemNotFoundError):
            await of(here).forget(session.id, [3, number], actor="ada")
    assert len((await of(here).standing(session.id)).preferences) == 1
    assert await of(here).forget(session.id, None, actor="ada") == (3,)
    assert await of(here).forget(session.id, None, actor="ada") == ()


async def test_the_mark_of_a_list_changes_with_it_and_tells_nothing(
    here: Remembering,
) -> None:
    """Two sessions with the same preferences have two marks."""
    marks = []
    for pull in (7, 8):
        session = await here.memory.of(PULL.__class__(kind="actor", actor=f"a{pull}"))
        marks.append((await of(here).standing(session.id)).mac)
        await of(here).set(session.id, wish("width", 1), actor="ada")
        marks.append((await of(here).standing(session.id)).mac)
    assert len(set(marks)) == 4


async def test_there_is_an_end_to_preferences(here: Remembering) -> None:
    """A known name can still get another value."""
    session = await here.memory.of(PULL)
    for number in range(MOST):
        await of(here).set(session.id, wish(f"n{number}", number), actor="ada")
    with pytest.raises(ItemMalformedError):
        await of(here).set(session.id, wish("one-more", 1), actor="ada")
    await of(here).set(session.id, wish("n0", 7), actor="ada")


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("a", "number", "1"),
        ("a", "flag", 1),
        ("a", "text", ""),
        ("a", "text", "x" * 501),
        ("a", "number", float("nan")),
        ("a", "list", ("x",) * 51),
        ("A b", "text", "x"),
        ("a", "date", "x"),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, kind: str, value: Value) -> None:
    """As is one that is too long, and a name that is none."""
    with pytest.raises(ValidationError):
        Wish.model_validate({"name": name, "type": kind, "value": value})
