"""Trees of files as they were reviewed, each content sealed once in its session.

A content's name is a MAC of its bytes with the session's key: equal contents of one
session have one name, and the name tells nothing to whoever has no key.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import zstandard

from core.errors import ItemNotFoundError
from core.memory.compare import Entry, Tree
from core.memory.contents import Contents
from core.memory.envelope import NotAuthenticError, Place
from core.memory.model import Draft, Facts, Item, Kind, Source
from core.memory.opened import Opened
from core.memory.pages import of_kinds
from core.memory.service import Memory
from core.redaction.needles import Needles
from core.store.database import Document

MOST_FILES = 2000
LARGEST_FILE = 1_000_000
LARGEST_WHOLE = 32_000_000
LARGEST_TREE = 800_000
# Beside its path, so much of the item is needed for a file.
ENTRY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A tree as it was kept; `left_out` counts files that were too many or too large.

    `run` is the run that reviewed it.
    """

    seq: int
    head_sha: str
    tree: Tree
    left_out: int
    run: str | None


class Workspaces:
    """Names, saves and reads trees; every method raises what `Memory.read` raises."""

    def __init__(self, memory: Memory, contents: Contents) -> None:
        self._memory = memory
        self._contents = contents

    async def named(self, session_id: str, files: Mapping[str, bytes]) -> Tree:
        """Return the tree that `save` would keep, without keeping anything."""
        opened = await self._memory.opened(session_id)
        return await asyncio.to_thread(_tree, opened, _fitting(files))

    async def save(
        self,
        session_id: str,
        head_sha: str,
        files: Mapping[str, bytes],
        *,
        refs: Mapping[str, str] | None = None,
        once: str = "",
    ) -> Facts:
        """Keep a tree; contents that an earlier one has are not stored again.

        At most 2000 files, of 1 MB each and 32 MB in all, the first by their paths.
        Secrets in them are masked; their names are those of the real contents.
        """
        opened = await self._memory.opened(session_id)
        fitting = _fitting(files)
        tree = await asyncio.to_thread(_tree, opened, fitting)
        data = {tree[path].blob: content for path, content in fitting.items()}
        await self._keep(opened, data)
        draft = Draft(
            kind=Kind.SNAPSHOT,
            content={
                "head_sha": head_sha,
                "files": {
                    path: {"blob": one.blob, "size": one.size}
                    for path, one in tree.items()
                },
                "left_out": len(files) - len(fitting),
            },
            source=Source.REVIEW,
            refs=refs or {},
            blobs=tuple(_id(session_id, name) for name in sorted(data)),
            once=once,
        )
        (facts,) = await self._memory.append(session_id, [draft])
        # What it shares with a tree that was erased meanwhile may have gone with that.
        await self._keep(opened, data)
        return facts

    async def latest(
        self, session_id: str, *, not_of_run: str | None = None
    ) -> Snapshot | None:
        """Return the newest tree, of another run than the one that is named."""
        chosen = await of_kinds(self._memory, session_id, {Kind.SNAPSHOT}, newest=2)
        for item in reversed(chosen.items):
            if not_of_run is None or item.facts.refs.get("run") != not_of_run:
                return _snapshot(item)
        return None

    async def content(self, session_id: str, name: str) -> bytes:
        """Return a content by the name that a tree gives it.

        Raises ItemNotFoundError when it is there no more, SealBrokenError when it is
        not what was sealed under this name.
        """
        opened = await self._memory.opened(session_id)
        found = await self._contents.get(_id(session_id, name))
        if found is None:
            raise ItemNotFoundError(session_id=session_id, seq=name)
        return await asyncio.to_thread(_unsealed, opened, name, found)

    async def adopt(self, session_id: str, contents: Sequence[bytes]) -> list[str]:
        """Seal contents that come from elsewhere, and return their names here."""
        opened = await self._memory.opened(session_id)
        found = {str(place): one for place, one in enumerate(contents)}
        tree = await asyncio.to_thread(_tree, opened, found)
        names = [tree[place].blob for place in found]
        await self._keep(opened, dict(zip(names, contents, strict=True)))
        return names

    async def redact(self, opened: Opened, needles: Needles) -> int:
        """Cut the needles out of a session's contents; returns out of how many."""
        session_id, changed = opened.session.id, 0
        for one in await self._contents.of_session(session_id):
            name = str(one["_id"]).removeprefix(f"{session_id}:")
            found = await self._contents.get(str(one["_id"]))
            if found is None:
                continue
            plain = await asyncio.to_thread(_unsealed, opened, name, found)
            cut = await asyncio.to_thread(_cut, needles, plain)
            if cut != plain:
                await self._contents.replace(self._document(opened, name, cut))
                changed += 1
        return changed

    async def _keep(self, opened: Opened, data: Mapping[str, bytes]) -> None:
        """Store what is not stored yet, by its name."""
        known = await self._contents.known(
            [_id(opened.session.id, name) for name in data]
        )
        new = {
            name: content
            for name, content in data.items()
            if _id(opened.session.id, name) not in known
        }
        await self._contents.add(await asyncio.to_thread(self._sealed, opened, new))

    def _sealed(self, opened: Opened, data: Mapping[str, bytes]) -> list[Document]:
        return [
            self._document(opened, name, self._masked(content))
            for name, content in data.items()
        ]

    def _document(self, opened: Opened, name: str, content: bytes) -> Document:
        packed = zstandard.ZstdCompressor().compress(content)
        return {
            "_id": _id(opened.session.id, name),
            "session": opened.session.id,
            "size": len(content),
            "sealed": opened.sealer.seal(packed, _place(opened, name).aad()),
            "stored_at": self._memory.now(),
        }

    def _masked(self, content: bytes) -> bytes:
        text = content.decode("utf-8", "surrogateescape")
        masked: str = self._memory.mask({"text": text})["text"]
        return masked.encode("utf-8", "surrogateescape")


def _cut(needles: Needles, content: bytes) -> bytes:
    text = content.decode("utf-8", "surrogateescape")
    return needles.cut(text).encode("utf-8", "surrogateescape")


def _fitting(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files that are kept, the first by their paths."""
    kept: dict[str, bytes] = {}
    whole = tree = 0
    for path in sorted(files):
        content = files[path]
        entry = len(json.dumps(path)) + ENTRY
        fits = (
            len(content) <= LARGEST_FILE
            and whole + len(content) <= LARGEST_WHOLE
            and tree + entry <= LARGEST_TREE
            and len(kept) < MOST_FILES
            and _is_text(path)
        )
        if fits:
            kept[path] = content
            whole, tree = whole + len(content), tree + entry
    return kept


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tree(opened: Opened, files: Mapping[str, bytes]) -> Tree:
    session_id = opened.session.id.encode()
    return {
        path: Entry(
            blob=opened.sealer.mac(b"content", session_id, content).hex(),
            size=len(content),
        )
        for path, content in files.items()
    }


def _snapshot(item: Item) -> Snapshot:
    content: dict[str, Any] = item.content or {}
    return Snapshot(
        seq=item.seq,
        head_sha=content["head_sha"],
        tree={
            path: Entry(blob=one["blob"], size=one["size"])
            for path, one in content["files"].items()
        },
        left_out=content["left_out"],
        run=item.facts.refs.get("run"),
    )


def _id(session_id: str, name: str) -> str:
    return f"{session_id}:{name}"


def _place(opened: Opened, name: str) -> Place:
    return Place(
        tenant=opened.session.scope.tenant,
        session_id=opened.session.id,
        kind="content",
        seq=0,
        field=name,
        revision=1,
    )


def _unsealed(opened: Opened, name: str, found: Document) -> bytes:
    try:
        packed = opened.sealer.open(bytes(found["sealed"]), _place(opened, name).aad())
    except NotAuthenticError:
        raise opened.broken(0, f"its content {name} does not open here") from None
    return zstandard.ZstdDecompressor().decompress(packed)
