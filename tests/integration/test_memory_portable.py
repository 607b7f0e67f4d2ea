"""Sessions as lines of JSON: out, and into a fresh one, or not at all."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ImportLineError, SessionMovedError
from core.memory.contents import Contents
from core.memory.model import Draft, Facts, Kind, Role, Scope, Source
from core.memory.parcel import LONGEST_LINE, parcel_of
from core.memory.portable import Imported, exported, imported
from core.memory.workspace import Workspaces
from core.store.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.memory import PULL, Remembering, message, remembering

ELSEWHERE = Scope(kind="pull", repository="octo/elsewhere", pull=1)


@pytest.fixture
async def here(database: Database, clock: FakeClock) -> AsyncIterator[Remembering]:
    """Give the memory of one process."""
    made = await remembering(database, clock)
    yield made
    await made.close()


def of(here: Remembering) -> Workspaces:
    """Return the workspaces of a memory."""
    return Workspaces(here.memory, Contents(here.database))


async def out(here: Remembering, session_id: str) -> list[bytes]:
    """Export a session."""
    return [line async for line in exported(here.memory, of(here), session_id)]


async def into(here: Remembering, lines: list[bytes]) -> tuple[str, Imported]:
    """Import lines into a fresh session."""
    session = await here.memory.of(ELSEWHERE)
    return session.id, await imported(
        here.memory, of(here), session.id, parcel_of(lines)
    )


async def filled(here: Remembering) -> str:
    """Return a session with an item of each kind, one of them erased."""
    session = await here.memory.of(PULL)
    await here.memory.append(
        session.id,
        [
            message("a secret"),
            replace(message("one"), refs={"comment": "17"}, once="comment/17"),
            Draft(
                kind=Kind.SUMMARY,
                content={"text": "ada: one"},
                role=Role.SYSTEM,
                source=Source.MODEL,
                author="nofx",
                lineage=(2,),
            ),
            Draft(
                kind=Kind.PREFERENCE,
                content={"name": "width", "type": "number", "value": 88, "why": ""},
                author="bob",
            ),
        ],
    )
    await of(here).save(session.id, "a" * 40, {"a.py": b"one\n", "b.bin": b"\xff\0"})
    await here.redactions.forget(session.id, [1], actor="ada", reason="forgotten")
    return session.id


def told(facts: Facts) -> dict[str, Any]:
    """Return what of the facts an export keeps."""
    refs = {
        name: one for name, one in facts.refs.items() if name not in {"source", "at"}
    }
    return {"kind": facts.kind, "role": facts.role, "by": facts.author, "refs": refs}


async def test_what_goes_out_comes_in(here: Remembering) -> None:
    """In order, numbered anew, from the same people; what was erased leaves no gap."""
    session_id = await filled(here)
    before = [
        one
        for one in await here.memory.read(session_id)
        if one.content is not None and one.facts.kind is not Kind.MARKER
    ]

    there, result = await into(here, await out(here, session_id))

    after = await here.memory.read(there)
    assert result == Imported(items=4, contents=2, left=2)
    assert [one.seq for one in after] == [1, 2, 3, 4]
    assert [told(one.facts) for one in after] == [told(one.facts) for one in before]
    assert {one.facts.source for one in after} == {Source.IMPORT}
    assert [one.facts.refs["source"] for one in after] == [
        one.facts.source for one in before
    ]
    assert after[1].facts.lineage == (1,)
    assert [one.content for one in after[:3]] == [one.content for one in before[:3]]
    found = await of(here).latest(there)
    assert found is not None
    read = {
        path: await of(here).content(there, entry.blob)
        for path, entry in found.tree.items()
    }
    assert read == {"a.py": b"one\n", "b.bin": b"\xff\0"}
    assert found.tree == await of(here).named(there, read)


async def test_it_comes_in_as_it_goes_out_again(here: Remembering) -> None:
    """An export of an import differs in its header, numbers and names alone."""
    session_id = await filled(here)
    there, _ = await into(here, await out(here, session_id))
    once = [json.loads(line) for line in await out(here, there)]
    third = await here.memory.of(replace(ELSEWHERE, pull=2))
    lines = await out(here, there)
    await imported(here.memory, of(here), third.id, parcel_of(lines))
    twice = [json.loads(line) for line in await out(here, third.id)]
    for one in (*once, *twice):
        one.pop("name", None)
        for file in one.get("content", {}).get("files", {}).values():
            file.pop("blob")
    assert sorted(map(str, once[1:])) == sorted(map(str, twice[1:]))


async def test_only_a_fresh_session_takes_an_import(here: Remembering) -> None:
    """What is there already would be told in another order."""
    session_id = await filled(here)
    lines = await out(here, session_id)
    with pytest.raises(SessionMovedError):
        await imported(here.memory, of(here), session_id, parcel_of(lines))


def changed(lines: list[bytes], place: int, **fields: Any) -> list[bytes]:
    """Return the lines with some fields of one changed."""
    line = {**json.loads(lines[place]), **fields}
    return [*lines[:place], json.dumps(line).encode(), *lines[place + 1 :]]


BAD: dict[str, tuple[int, Callable[[list[bytes]], list[bytes]]]] = {
    "empty": (1, lambda _: []),
    "no header": (1, lambda lines: lines[1:]),
    "another format": (1, lambda lines: changed(lines, 0, format="nofx-memory/2")),
    "two headers": (2, lambda lines: [lines[0], *lines]),
    "no json": (3, lambda lines: [*lines[:2], b"{", *lines[2:]]),
    "unknown type": (2, lambda lines: changed(lines, 1, type="song")),
    "an order of its own": (4, lambda lines: changed(lines, 3, seq=1)),
    "no kind": (3, lambda lines: changed(lines, 2, kind="song")),
    "made from later": (4, lambda lines: changed(lines, 3, lineage=[9])),
    "another field": (3, lambda lines: changed(lines, 2, admin=True)),
    "no base64": (6, lambda lines: changed(lines, 5, data="%")),
    "no content": (7, lambda lines: [*lines[:5], *lines[6:]]),
    "no tree": (8, lambda lines: changed(lines, 7, content={"files": {"a": 1}})),
    "no end": (10, lambda lines: lines[:-1]),
    "an item less": (9, lambda lines: [*lines[:2], *lines[3:]]),
    "behind the end": (11, lambda lines: [*lines, lines[2]]),
    "a time before all": (
        3,
        lambda lines: changed(lines, 2, expires_at="0001-01-01T00:00:00+23:59"),
    ),
    "a time after all": (3, lambda lines: changed(lines, 2, at="9999-12-31T23:59:59Z")),
    "a number after all": (3, lambda lines: changed(lines, 2, seq=2**63)),
    "a marker": (3, lambda lines: changed(lines, 2, kind="marker")),
    "too long": (3, lambda lines: [*lines[:2], b" " * (LONGEST_LINE + 1), *lines[2:]]),
}


async def test_a_bad_line_is_named_and_nothing_is_imported(here: Remembering) -> None:
    """Whoever sent it can look at it; the good lines before it are not there either."""
    good = await out(here, await filled(here))
    session = await here.memory.of(ELSEWHERE)
    for name, (number, spoil) in BAD.items():
        with pytest.raises(ImportLineError) as caught:
            await imported(here.memory, of(here), session.id, parcel_of(spoil(good)))
        assert caught.value.facts["line"] == number, name
    assert await here.memory.read(session.id) == ()
    assert (
        await here.database.db["memory_contents"].count_documents(
            {"session": session.id}
        )
        == 0
    )


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
LINES: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        kind=st.sampled_from(["message", "summary", "preference"]),
        author=TEXTS,
        source=st.sampled_from(list(Source)),
        content=st.dictionaries(TEXTS, TEXTS, max_size=3),
        refs=st.dictionaries(TEXTS, TEXTS, max_size=2),
    ),
    max_size=8,
)


def lines_of(items: list[dict[str, Any]]) -> list[bytes]:
    """Return an export that holds these items, with gaps between their numbers."""
    at = "2026-01-01T00:00:00Z"
    header: dict[str, Any] = {
        "type": "session",
        "format": "nofx-memory/1",
        "session": "session_1",
        "scope": {},
        "fork": False,
        "created_at": at,
        "expires_at": at,
    }
    body = [
        {"type": "item", "seq": 2 * place + 1, "at": at, **one}
        for place, one in enumerate(items)
    ]
    end = {"type": "end", "items": len(items), "contents": 0}
    return [json.dumps(one).encode() + b"\n" for one in (header, *body, end)]


@given(LINES)
def test_whatever_is_well_formed_is_read_whole(items: list[dict[str, Any]]) -> None:
    """In its order, with every field."""
    parcel = parcel_of(lines_of(items))
    fields = {"kind", "author", "source", "content", "refs"}
    read = [one.model_dump(mode="json", include=fields) for one in parcel.items]
    assert read == items


@given(LINES)
def test_any_line_that_is_left_out_is_missed(items: list[dict[str, Any]]) -> None:
    """An export that was cut anywhere is no export."""
    lines = lines_of(items)
    for place in range(len(lines)):
        with pytest.raises(ImportLineError):
            parcel_of([*lines[:place], *lines[place + 1 :]])
