"""A session as lines of JSON: their shapes, and what makes a whole of them; pure."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from core.errors import ImportLineError
from core.events import canonical
from core.memory.model import JSON, LARGEST_ITEM, Kind, Role, Source

LONGEST_LINE = 2 * 1024 * 1024
LARGEST = 128 * 1024 * 1024
MOST_LINES = 50_000
LAST_SEQ = 2**31 - 1
FIRST_YEAR, LAST_YEAR = 1970, 9000


def _storable(time: datetime) -> datetime:
    if not FIRST_YEAR <= time.year < LAST_YEAR:
        raise ValueError(f"the year must be {FIRST_YEAR} or later, before {LAST_YEAR}")
    return time


# Times at the very ends of the calendar have no equal in UTC.
Moment = Annotated[AwareDatetime, AfterValidator(_storable)]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeaderLine(_Line):
    """The first line: what session this is."""

    type: Literal["session"] = "session"
    format: Literal["nofx-memory/1"] = "nofx-memory/1"
    session: str
    scope: dict[str, str | int]
    fork: bool
    created_at: Moment
    expires_at: Moment


class ContentLine(_Line):
    """A file's content in Base64, before the tree that names it; None if it is gone."""

    type: Literal["content"] = "content"
    name: Annotated[str, Field(min_length=1, max_length=200)]
    data: str | None


class ItemLine(_Line):
    """An item with its content."""

    type: Literal["item"] = "item"
    seq: Annotated[int, Field(ge=1, le=LAST_SEQ)]
    kind: Kind
    role: Role | None = None
    source: Source
    author: Annotated[str, Field(max_length=200)]
    at: Moment
    lineage: tuple[int, ...] = ()
    refs: dict[str, Annotated[str, Field(max_length=500)]] = Field(default_factory=dict)
    expires_at: Moment | None = None
    content: dict[str, Any]


class ErasedLine(_Line):
    """The place of an item that was erased, or that marks an erasure."""

    type: Literal["erased"] = "erased"
    seq: Annotated[int, Field(ge=1, le=LAST_SEQ)]
    kind: Kind


class EndLine(_Line):
    """The last line: how many items there were, so that none is missing."""

    type: Literal["end"] = "end"
    items: int
    contents: int


AnyLine = Annotated[
    HeaderLine | ContentLine | ItemLine | ErasedLine | EndLine,
    Field(discriminator="type"),
]
LINE: TypeAdapter[AnyLine] = TypeAdapter(AnyLine)


@dataclass(slots=True)
class Parcel:
    """What an import holds: contents by their names there, and items in order."""

    header: HeaderLine
    contents: dict[str, bytes | None] = field(default_factory=dict)
    items: list[ItemLine] = field(default_factory=list)
    last: int = 0
    ended: bool = False


def written(line: _Line) -> bytes:
    """Return a line as it is exported, its end included."""
    text = json.dumps(line.model_dump(mode="json"), separators=(",", ":"))
    return text.encode() + b"\n"


def parcel_of(lines: Iterable[bytes]) -> Parcel:
    """Read all lines of an export; raises ImportLineError for the first bad one."""
    parcel: Parcel | None = None
    size = number = 0
    for number, line in enumerate(lines, 1):
        size += len(line)
        try:
            _check_size(line, number, size)
            read = LINE.validate_json(line)
            if parcel is None:
                parcel = _begun(read)
            else:
                _add(parcel, read)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the line"
            raise ImportLineError(
                line=number, reason=f"{place}: {first['msg']}"
            ) from None
        except ValueError as error:
            raise ImportLineError(line=number, reason=str(error)) from None
    if parcel is None or not parcel.ended:
        raise ImportLineError(line=number + 1, reason="the end is missing")
    return parcel


def _check_size(line: bytes, number: int, size: int) -> None:
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it has more than {LONGEST_LINE} bytes")
    if size > LARGEST:
        raise ValueError(f"there are more than {LARGEST} bytes")
    if number > MOST_LINES:
        raise ValueError(f"there are more than {MOST_LINES} lines")


def _begun(read: AnyLine) -> Parcel:
    if not isinstance(read, HeaderLine):
        raise ValueError("it is not the header of a session")  # noqa: TRY004  # of a line
    return Parcel(header=read)


def _add(parcel: Parcel, read: AnyLine) -> None:
    if parcel.ended:
        raise ValueError("it comes behind the end")
    match read:
        case HeaderLine():
            raise ValueError("there is a second header")
        case ContentLine():
            if read.name in parcel.contents:
                raise ValueError("this content was there before")
            parcel.contents[read.name] = _bytes(read.data)
        case ItemLine():
            _check_item(parcel, read)
            parcel.items.append(read)
            parcel.last = read.seq
        case ErasedLine():
            _check_order(parcel, read.seq)
            parcel.last = read.seq
        case EndLine():
            _check_whole(parcel, read)
            parcel.ended = True


def _check_whole(parcel: Parcel, read: EndLine) -> None:
    items, contents = len(parcel.items), len(parcel.contents)
    if (items, contents) != (read.items, read.contents):
        reason = f"{read.items} items and {read.contents} contents were to be there"
        raise ValueError(f"{reason}, not {items} and {contents}")


def _check_order(parcel: Parcel, seq: int) -> None:
    if seq <= parcel.last:
        raise ValueError(f"item {seq} comes behind item {parcel.last}")


def _check_item(parcel: Parcel, read: ItemLine) -> None:
    _check_order(parcel, read.seq)
    if read.kind is Kind.MARKER:
        raise ValueError("a marker has no content")
    if any(not 0 < seq < read.seq for seq in read.lineage):
        raise ValueError("it was made from what comes later")
    if len(canonical.dumps(read.content)) > LARGEST_ITEM:
        raise ValueError(f"its content has more than {LARGEST_ITEM} bytes")
    if read.kind is Kind.SNAPSHOT:
        for one in files_of(read.content).values():
            if one["blob"] not in parcel.contents:
                raise ValueError(f"the content {one['blob']} is not before it")


def files_of(content: JSON) -> Mapping[str, Mapping[str, Any]]:
    """Return the files of a tree's content; raises ValueError when it is none."""
    files, left_out = content.get("files"), content.get("left_out")
    fine = (
        isinstance(files, dict)
        and isinstance(left_out, int)
        and isinstance(content.get("head_sha"), str)
        and all(
            isinstance(one, dict)
            and isinstance(one.get("blob"), str)
            and isinstance(one.get("size"), int)
            for one in files.values()
        )
    )
    if not fine or not isinstance(files, dict):
        raise ValueError("its content is no tree of files")
    return files


def _bytes(data: str | None) -> bytes | None:
    try:
        return None if data is None else base64.b64decode(data, validate=True)
    except binascii.Error:
        raise ValueError("its data is no Base64") from None
