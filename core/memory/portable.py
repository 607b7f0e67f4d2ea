"""Takes a session out as lines of JSON, and brings such lines into a fresh session."""

import base64
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import (
    ImportStoppedError,
    ItemNotFoundError,
    NofxError,
    SessionMovedError,
)
from core.memory.model import JSON, Draft, Facts, Item, Kind, Session, Source
from core.memory.opened import Opened
from core.memory.pages import every
from core.memory.parcel import (
    ContentLine,
    EndLine,
    ErasedLine,
    HeaderLine,
    ItemLine,
    Parcel,
    files_of,
    written,
)
from core.memory.service import Memory
from core.memory.workspace import Workspaces

BATCH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import brought; `left` are items that were erased where it is from."""

    items: int
    contents: int
    left: int


async def exported(
    memory: Memory, workspaces: Workspaces, session_id: str
) -> AsyncIterator[bytes]:
    """Yield the lines of a session, contents before the trees that name them.

    Raises what `Memory.read` raises; a reader that finds no last line of type `end`
    knows that it has not got everything.
    """
    yield written(_header(await memory.session(session_id)))
    items, seen = 0, set[str]()
    async for item in every(memory, session_id):
        if item.content is None or item.facts.kind is Kind.MARKER:
            yield written(ErasedLine(seq=item.seq, kind=item.facts.kind))
            continue
        for name in _names(item):
            if name not in seen:
                seen.add(name)
                yield written(await _content(workspaces, session_id, name))
        items += 1
        yield written(_item(item.facts, item.content))
    yield written(EndLine(items=items, contents=len(seen)))


async def imported(
    memory: Memory, workspaces: Workspaces, session_id: str, parcel: Parcel
) -> Imported:
    """Bring what was exported into a session that has no items yet.

    Items get new numbers without gaps, the source `import`, and their old source and
    time among their refs; who wrote them stays. Raises SessionMovedError for a session
    that is not fresh, and ImportStoppedError, which says how much is there.
    """
    opened = await memory.opened(session_id)
    _refuse_used(opened)
    there = {name: data for name, data in parcel.contents.items() if data is not None}
    names = await workspaces.adopt(session_id, list(there.values()))
    renamed = dict(zip(there, names, strict=True))
    drafts = list(_drafts(parcel, renamed, session_id))
    done = 0
    while done < len(drafts):
        batch = drafts[done : done + BATCH]
        try:
            await memory.append(session_id, batch, expected=done)
        except NofxError as error:
            raise ImportStoppedError(
                done=done, items=len(drafts), session_id=session_id, reason=str(error)
            ) from error
        done += len(batch)
    return Imported(
        items=done, contents=len(there), left=parcel.last - len(parcel.items)
    )


def _refuse_used(opened: Opened) -> None:
    if opened.seq:
        raise SessionMovedError(
            session_id=opened.session.id, head=opened.seq, expected=0
        )


def _header(session: Session) -> HeaderLine:
    scope = session.scope
    fields = {
        "kind": scope.kind,
        "repository": scope.repository,
        "pull": scope.pull,
        "installation_id": scope.installation_id,
        "actor": scope.actor,
    }
    return HeaderLine(
        session=session.id,
        scope={name: one for name, one in fields.items() if one is not None},
        fork=session.fork,
        created_at=session.created_at,
        expires_at=session.expires_at,
    )


def _names(item: Item) -> Iterator[str]:
    if item.facts.kind is Kind.SNAPSHOT and item.content is not None:
        for one in files_of(item.content).values():
            yield one["blob"]


async def _content(workspaces: Workspaces, session_id: str, name: str) -> ContentLine:
    try:
        data = await workspaces.content(session_id, name)
    except ItemNotFoundError:
        return ContentLine(name=name, data=None)
    return ContentLine(name=name, data=base64.b64encode(data).decode())


def _item(facts: Facts, content: JSON) -> ItemLine:
    fields: dict[str, Any] = {
        "seq": facts.seq,
        "kind": facts.kind,
        "role": facts.role,
        "source": facts.source,
        "author": facts.author,
        "at": facts.at,
        "lineage": facts.lineage,
        "refs": dict(facts.refs),
        "expires_at": facts.expires_at,
        "content": content,
    }
    return ItemLine(**fields)


def _drafts(
    parcel: Parcel, renamed: Mapping[str, str], session_id: str
) -> Iterator[Draft]:
    numbers = {line.seq: place for place, line in enumerate(parcel.items, 1)}
    for line in parcel.items:
        content, blobs = line.content, frozenset[str]()
        if line.kind is Kind.SNAPSHOT:
            content = _renamed(content, renamed)
            blobs = frozenset(one["blob"] for one in files_of(content).values())
        before = {} if line.source is Source.IMPORT else {"source": line.source.value}
        yield Draft(
            kind=line.kind,
            content=content,
            role=line.role,
            source=Source.IMPORT,
            author=line.author,
            lineage=tuple(numbers[seq] for seq in line.lineage if seq in numbers),
            refs={"at": line.at.isoformat(), **before, **line.refs},
            blobs=tuple(f"{session_id}:{name}" for name in sorted(blobs)),
            expires_at=line.expires_at,
        )


def _renamed(content: JSON, renamed: Mapping[str, str]) -> JSON:
    """Return a tree with the contents' names here; those that are gone are left out."""
    files = files_of(content)
    kept = {
        path: {**one, "blob": renamed[one["blob"]]}
        for path, one in files.items()
        if one["blob"] in renamed
    }
    left_out = content["left_out"] + len(files) - len(kept)
    return {**content, "files": kept, "left_out": left_out}
