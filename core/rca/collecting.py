"""What collectors are given, and what they write their members with."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar

from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from core.events.base import JSON
from core.events.commit import Commit, shown
from core.rca.cause import Analysis
from core.rca.html_parts import MOST_FOLDED, Folded
from core.rca.members import Missed, Names, part_of_name
from core.rca.story import Story
from core.rca.writing import Archive, Extent, Writing
from core.runs.account import Account
from core.runs.comparing import Comparing
from core.runs.model import Run
from core.secrets.stream import StreamMasker
from core.store.blobs import Blobs

Given = ParamSpec("Given")
Done = TypeVar("Done")
Detail = Callable[[Run, Account], object]
MASK = re.compile(rb"\[masked:([\w./:-]{1,200})\]")
# So many lines are masked and written at once.
AT_ONCE = 256
# So much of a text that is folded is on the report's page.
MOST_OF_ONE = 16 * 1024
UNSHOWN = Folded(title="", text="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One run as a bundle tells it: its story, what came of it, and where the rest is.

    `made_by` is the program that makes the bundle, such as `nofx/0.1.0`; `detail` shows
    a run as the API does, and `comparing` tells what differs between checkpoints.
    """

    story: Story
    analysis: Analysis
    blobs: Blobs
    made_by: str
    detail: Detail
    comparing: Comparing

    @property
    def run_id(self) -> str:
        """Return the run's id."""
        return self.story.run.id


@dataclass(slots=True)
class Shelf:
    """What all collectors of one bundle share: the archive, the mask, the names.

    `threads` do what takes long. They are few, for each keeps memory of its own.

    `masks` counts what stands masked, by member and rule; `checkpoints` and `blobs` are
    those that were found erased; `folded` is shown on the report's page.
    """

    archive: Archive
    masker: StreamMasker
    threads: Executor
    names: Names = field(default_factory=Names)
    missed: list[Missed] = field(default_factory=list)
    masks: dict[str, Counter[str]] = field(default_factory=dict)
    checkpoints: set[str] = field(default_factory=set)
    blobs: set[str] = field(default_factory=set)
    folded: list[Folded] = field(default_factory=list)


class Packer:
    """Writes the members of one collector, each text of them masked."""

    def __init__(self, shelf: Shelf, collector: str) -> None:
        self._shelf = shelf
        self.collector = collector
        self._open: dict[str, Writing] = {}

    async def beside(
        self, work: Callable[Given, Done], *given: Given.args, **named: Given.kwargs
    ) -> Done:
        """Do work beside the event loop, in one of the bundle's own threads."""
        loop, threads = asyncio.get_running_loop(), self._shelf.threads
        return await loop.run_in_executor(threads, partial(work, *given, **named))

    def part(self, text: str) -> str:
        """Return a text from outside, masked, as a part of a member's name."""
        return part_of_name(self._shelf.masker.text(text))

    async def json(self, stem: str, value: object, ending: str = ".json") -> str:
        """Write a value as indented JSON; returns the member's name."""
        plain = to_jsonable_python(value)
        return await self._whole(stem, ending, lambda: self._encoded(plain))

    async def text(self, stem: str, text: str, ending: str) -> str:
        """Write a text."""
        mask = self._shelf.masker.text
        return await self._whole(stem, ending, lambda: encoded(mask(text)))

    async def data(self, stem: str, data: bytes, ending: str) -> str:
        """Write bytes that may be no UTF-8; what is text in them is masked."""
        text = data.decode("utf-8", "surrogateescape")
        mask = self._shelf.masker.text
        return await self._whole(
            stem, ending, lambda: mask(text).encode("utf-8", "surrogateescape")
        )

    async def plain(self, stem: str, value: object) -> str:
        """Write a value as indented JSON that holds no text from outside unmasked."""
        return await self._whole(stem, ".json", lambda: _indented(value))

    async def raw(self, name: str, data: bytes) -> str:
        """Write bytes that hold no text from outside."""
        return await self._whole(name, "", lambda: data)

    def lines(self, stem: str, ending: str = ".ndjson") -> "Lines":
        """Begin a member of JSON lines."""
        return Lines(self, self.begin(stem, ending))

    def begin(self, stem: str, ending: str) -> Writing:
        """Begin a member to which bytes are written that are masked already."""
        name = self._shelf.names.give(stem, ending)
        self._open[name] = self._shelf.archive.begin(name, self.collector)
        return self._open[name]

    async def end(self, writing: Writing) -> None:
        """End a member."""
        await self.beside(self.ended, writing)

    def ended(self, writing: Writing) -> None:
        """End a member, within a thread."""
        writing.close()
        self._open.pop(writing.name, None)

    def rows(self, values: Sequence[JSON]) -> list[bytes]:
        """Return values as JSON without line ends, masked; within a thread."""
        changed = self._shelf.masker.changed(values)
        return [row(changed.get(at, one)) for at, one in enumerate(values)]

    def doubtful(self, rows: Sequence[bytes]) -> set[int]:
        """Return which JSON lines must be read, and masked; within a thread."""
        return self._shelf.masker.doubtful_rows(rows)

    def pack(self, data: bytes) -> Extent:
        """Compress masked bytes for members that share them; within a thread."""
        return self._shelf.archive.pack(data)

    async def fold(self, title: str, text: str, member: str) -> None:
        """Have a text shown on the report's page, on which there is room for some.

        It is masked here as a whole: between lines of a page stands its markup.
        """
        folded = self._shelf.folded
        if len(folded) >= MOST_FOLDED:
            folded.append(UNSHOWN)  # it counts
            return
        masked = await asyncio.to_thread(self._shelf.masker.text, text)
        if len(masked) > MOST_OF_ONE:
            masked = f"{masked[:MOST_OF_ONE].rpartition(chr(10))[0]}\n…"
        folded.append(Folded(title=title, text=masked, member=member))

    async def leave(self, error: str) -> None:
        """End what is half written as it is, and say which it was."""
        left = list(self._open.values())
        for writing in left:
            await self.end(writing)
        for name in [writing.name for writing in left] or [""]:
            self.miss(error, name)

    def miss(self, error: str, member: str = "") -> None:
        """Say what could not be collected; `member` is half written for it."""
        told = self._shelf.masker.text(error)
        missed = Missed(collector=self.collector, error=told, member=member)
        self._shelf.missed.append(missed)

    def erased(self, *, checkpoint: str = "", blob: str = "") -> None:
        """Say what should stand here and was erased for good."""
        self._shelf.checkpoints.update({checkpoint} - {""})
        self._shelf.blobs.update({blob} - {""})

    def counted(self, name: str, data: bytes) -> None:
        """Count the masks that stand in what is written to a member."""
        count(self._shelf.masks, name, data)

    async def _whole(self, stem: str, ending: str, make: Callable[[], bytes]) -> str:
        name = self._shelf.names.give(stem, ending)

        def write() -> None:
            data = make()
            self.counted(name, data)
            self._shelf.archive.add(name, self.collector, data)

        await self.beside(write)
        return name

    def _encoded(self, value: Any) -> bytes:
        return _indented(self._shelf.masker.masked(value))


class Lines:
    """A member of JSON lines that grows; each is masked before it is written."""

    def __init__(self, packer: Packer, writing: Writing) -> None:
        self._packer = packer
        self._writing = writing
        self._waiting: list[JSON] = []

    async def add(self, values: Iterable[JSON]) -> None:
        """Write lines behind those that stand there."""
        self._waiting += values
        while len(self._waiting) >= AT_ONCE:
            now, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            await self._packer.beside(self._write, now)

    async def close(self) -> None:
        """End the member."""
        if self._waiting:
            await self._packer.beside(self._write, self._waiting)
        await self._packer.end(self._writing)

    def _write(self, values: Sequence[JSON]) -> None:
        data = b"".join([row + b"\n" for row in self._packer.rows(values)])
        self._packer.counted(self._writing.name, data)
        self._writing.write(data)


def count(masks: dict[str, Counter[str]], name: str, data: bytes) -> None:
    """Count the masks in the data of a member."""
    if b"[masked:" in data:
        found = (rule.decode() for rule in MASK.findall(data))
        masks.setdefault(name, Counter()).update(found)


def encoded(text: str) -> bytes:
    """Return UTF-8; half characters, which it has not, become question marks."""
    return text.encode("utf-8", "replace")


def _indented(value: object) -> bytes:
    return encoded(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def row(value: object) -> bytes:
    """Return a value as one line of JSON, without its end."""
    try:
        return to_json(value, inf_nan_mode="constants")
    except PydanticSerializationError:
        # Half characters are no Unicode.
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return encoded(text)


def numbered(at: int) -> str:
    """Return a number as members of a row are named by it: from 0001."""
    return f"{at:04d}"


def facts_of(commit: Commit) -> Mapping[str, Any]:
    """Return what all events of an entry share, as members tell it."""
    return {"seq": commit.seq, "time": shown(commit.time)}
