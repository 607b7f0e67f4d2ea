"""What a bundle recorded of its run, as values; the file was checked before."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import BlobNotJsonError, BundleRefusedError
from core.events.base import JSON, Move, Payload
from core.events.commit import GENESIS, Commit
from core.events.schema import read
from core.rca.archive import Archive
from core.runs.evolve import fold
from core.runs.model import Run, stream_of
from core.store.digests import canonical, digest_of

T = TypeVar("T")

EVENTS = "events/events.ndjson"
SHOWN = "run/run.json"
CONFIG = "run/config.json"
CHECKPOINT = re.compile(r"checkpoints/\d+\.json")
ARTIFACT = re.compile(r"artifacts/(?:sha256:)?([0-9a-f]{64})\.\w+")
_object: TypeAdapter[JSON] = TypeAdapter(dict[str, Any])


class EventLine(BaseModel):
    """One line of events.ndjson; `id` is `STREAM:SEQ.INDEX`."""

    model_config = ConfigDict(frozen=True)

    id: str
    seq: Annotated[int, Field(ge=1)]
    time: datetime
    writer: str = ""
    type: str
    data: JSON


class CheckpointFile(BaseModel):
    """One file of checkpoints/; a redacted one has no state."""

    model_config = ConfigDict(frozen=True)

    checkpoint_id: str
    kind: str
    step: str
    seq: int
    digest: str
    parents: tuple[str, ...] = ()
    artifacts: Mapping[str, str] = {}  # pydantic copies a default
    redacted: bool = False
    state: JSON | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What a state names by its digest; `whole` is false where secrets were masked."""

    name: str
    data: bytes
    whole: bool


def told_by(name: str) -> bool:
    """Return whether a member is needed to know what a run decided, and from what."""
    return (
        name.startswith(("run/", "gates/", "redaction/", "analysis/"))
        or name == EVENTS
        or CHECKPOINT.fullmatch(name) is not None
        or ARTIFACT.fullmatch(name) is not None
    )


@dataclass(frozen=True)
class Recorded:
    """What is in a bundle that was read with `keep=told_by`.

    Each part raises BundleMemberError when it is not there, BundleRefusedError when it
    cannot be read.
    """

    archive: Archive

    @cached_property
    def run(self) -> JSON:
        """Return the run as the API showed it."""
        return self._json(SHOWN)

    @cached_property
    def lines(self) -> tuple[EventLine, ...]:
        """Return the lines of the events, as they stand there."""
        return tuple(
            self._read(EVENTS, EventLine.model_validate_json, line, number)
            for number, line in enumerate(
                self.archive.content(EVENTS).splitlines(), start=1
            )
        )

    @cached_property
    def commits(self) -> tuple[Commit, ...]:
        """Return the run's entries as far as its events tell them."""
        return tuple(_commits(self.lines, self._event))

    def folded(self, until: int | None = None) -> Run:
        """Return what the entries add up to, all or the first of them.

        Raises RunNotFoundError, BundleRefusedError.
        """
        try:
            return fold(self.archive.manifest.run_id, self.commits[:until])
        except (KeyError, ValueError):
            raise BundleRefusedError(
                path=self.archive.path,
                member=EVENTS,
                reason="its events do not add up to a run",
            ) from None

    @cached_property
    def checkpoints(self) -> tuple[tuple[str, CheckpointFile], ...]:
        """Return the checkpoints in their order, each with its member's name."""
        names = sorted(filter(CHECKPOINT.fullmatch, self.archive.kept))
        return tuple(
            (
                name,
                self._read(
                    name, CheckpointFile.model_validate_json, self.archive.content(name)
                ),
            )
            for name in names
        )

    @cached_property
    def artifacts(self) -> Mapping[str, Artifact]:
        """Return the artifacts by the digests that states name them with."""
        found: dict[str, Artifact] = {}
        for name, data in self.archive.kept.items():
            match = ARTIFACT.fullmatch(name)
            if match is not None:
                digest = f"sha256:{match[1]}"
                whole = digest in (digest_of(data), _digest_of_json(data))
                found[digest] = Artifact(name=name, data=data, whole=whole)
        return found

    @cached_property
    def stream(self) -> str:
        """Return the stream that the events are of."""
        return stream_of(self.archive.manifest.run_id)

    def json(self, name: str) -> JSON:
        """Return a member that is one JSON object, {} when it is not there."""
        return self._json(name) if name in self.archive.kept else {}

    def _json(self, name: str) -> JSON:
        return self._read(name, _object.validate_json, self.archive.content(name))

    def _event(self, line: EventLine, number: int) -> Payload:
        stored = {"type": line.type, "data": line.data}
        return self._read(EVENTS, read, stored, number)

    def _read(
        self, member: str, reader: Callable[[Any], T], value: Any, line: int = 0
    ) -> T:
        try:
            return reader(value)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            where = f"line {line}, " if line else ""
            raise BundleRefusedError(
                path=self.archive.path,
                member=member,
                reason=f"it cannot be read: {where}{place}: {first['msg']}",
            ) from None


def _digest_of_json(data: bytes) -> str:
    """Return the digest of JSON that was set out for people; '' where there is none."""
    try:
        return digest_of(canonical(json.loads(data)))
    except (ValueError, RecursionError, BlobNotJsonError):
        return ""


def artifact_json(artifact: Artifact, path: object) -> Any:
    """Return an artifact that is JSON; raises BundleRefusedError."""
    try:
        return json.loads(artifact.data)
    except (ValueError, RecursionError):
        raise BundleRefusedError(
            path=path, member=artifact.name, reason="it is no JSON"
        ) from None


def _commits(
    lines: Sequence[EventLine], event: Callable[[EventLine, int], Payload]
) -> Iterator[Commit]:
    """Yield one commit for all lines in a row that have its seq."""
    at, status = 0, None
    while at < len(lines):
        first = lines[at]
        events: list[Payload] = []
        while at < len(lines) and lines[at].seq == first.seq:
            events.append(event(lines[at], at + 1))
            at += 1
        moves = [
            one for one in events if isinstance(one, Move) and one.machine == "run"
        ]
        before, status = status, moves[-1].to if moves else status
        yield Commit(
            stream=first.id.rpartition(":")[0],
            seq=first.seq,
            time=first.time,
            events=tuple(events),
            from_=before,
            to=status,
            writer=first.writer,
            wseq=0,
            stored_hash=GENESIS,
        )
