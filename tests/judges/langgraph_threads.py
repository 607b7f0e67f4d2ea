"""LangGraph's threads as streams of our journal: append, fold, redact, copy."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from core.checkpoints.capture import Checkpoints, artifacts
from core.clock import Clock
from core.errors import ConcurrencyError
from core.events.base import JSON, Payload, UnknownEvent
from core.events.commit import GENESIS, Commit, Draft
from core.events.journal import Journal
from core.events.schema import CheckpointCaptured, CheckpointRedacted
from core.store.blobs import Blobs, Digest

Decide = Callable[[Sequence[Commit]], Sequence[Payload]]


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry that carries a state, and what its event says of it."""

    data: JSON
    commit: Commit


@dataclass(slots=True)
class Thread:
    """The fold of one stream, by the ids of its checkpoints.

    `writes` are those that followed a checkpoint, oldest first; they may come before
    it. `carriers` are all entries that carry a state of it, also one that was put
    again; `erasable` those whose state a tombstone has disowned.
    """

    checkpoints: dict[str, Stored] = field(default_factory=dict)
    writes: dict[str, list[Stored]] = field(default_factory=dict)
    carriers: dict[str, list[Stored]] = field(default_factory=dict)
    erasable: list[int] = field(default_factory=list)

    def add(self, event: Payload, commit: Commit) -> None:
        """Take one event in."""
        stored = Stored(event.stored()["data"], commit)
        key = stored.data["checkpoint_id"]
        if event.type == "checkpoint.redacted":
            self.checkpoints.pop(key, None)
            self.writes.pop(key, None)
            gone = [one.commit for one in self.carriers.pop(key, ())]
            self.erasable += [one.seq for one in gone if one.state is not None]
            return
        self.carriers.setdefault(key, []).append(stored)
        if event.type == "checkpoint.captured":
            self.checkpoints[key] = stored
        else:
            self.writes.setdefault(key, []).append(stored)


def fold(commits: Iterable[Commit]) -> Thread:
    """Return the thread that its commits, oldest first, add up to."""
    thread = Thread()
    for commit in commits:
        for event in commit.events:
            thread.add(event, commit)
    return thread


class Threads:
    """Keeps threads in the journal, and large states in the blobs.

    Beside each thread's stream there is one for each of LangGraph's runs, which names
    the threads that it worked on: the journal is read by stream alone.
    """

    def __init__(
        self, journal: Journal, checkpoints: Checkpoints, blobs: Blobs, clock: Clock
    ) -> None:
        self._journal = journal
        self._checkpoints = checkpoints
        self._blobs = blobs
        self._clock = clock

    async def read(self, thread: str) -> Thread:
        """Return a thread as it is now; one that never was is empty."""
        return fold(await self._journal.read(_stream(thread)))

    async def state(self, stored: Stored) -> JSON:
        """Return the state that an entry carries or names."""
        if stored.commit.state is not None:
            return stored.commit.state
        found: JSON = await self._blobs.get_json(Digest(stored.data["digest"]))
        return found

    async def capture(
        self, thread: str, key: str, *, step: str, parent: str | None, state: JSON
    ) -> None:
        """Append a checkpoint."""
        captured = await self._checkpoints.capture(state)
        event = CheckpointCaptured(
            checkpoint_id=key,
            kind="manual",
            step=step,
            digest=captured.digest,
            parents=(parent,) if parent else (),
            artifacts=artifacts(captured.state),
        )
        await self._append(_stream(thread), _always(event), captured.inline)

    async def record(self, thread: str, key: str, state: JSON, **facts: str) -> None:
        """Append what a task wrote after a checkpoint; `facts` tell which task."""
        captured = await self._checkpoints.capture(state)
        data = {"checkpoint_id": key, "digest": captured.digest, **facts}
        event = UnknownEvent(type="writes.recorded", data=data)
        await self._append(_stream(thread), _always(event), captured.inline)

    async def redact(self, thread: str, keys: Collection[str], reason: str) -> None:
        """Disown these checkpoints by tombstones, and erase their states.

        What an earlier redaction left to erase, because it died in between, goes too.
        """
        stream = _stream(thread)

        def tombstones(commits: Sequence[Commit]) -> list[Payload]:
            carriers = fold(commits).carriers
            return [
                _redacted(key, one.data["digest"], reason)
                for key in sorted(keys)
                for one in carriers.get(key, ())
            ]

        await self._append(stream, tombstones)
        erasable = (await self.read(thread)).erasable
        await asyncio.gather(
            *(self._journal.erase_state(stream, seq) for seq in erasable)
        )

    async def copy(self, source: str, target: str) -> None:
        """Append to `target` all that `source` holds; blobs are shared by digest."""
        carriers = (await self.read(source)).carriers
        commits = [one.commit for listed in carriers.values() for one in listed]
        for commit in sorted(commits, key=lambda one: one.seq):
            await self._append(_stream(target), _always(*commit.events), commit.state)

    async def join(self, work: str, thread: str) -> None:
        """Say, once, that a run of LangGraph's works on a thread."""
        event = UnknownEvent(type="thread.joined", data={"thread": thread})
        await self._append(
            f"work/{work}",
            lambda commits: [] if thread in _joined(commits) else [event],
        )

    async def joined(self, work: str) -> list[str]:
        """Return the threads that a run of LangGraph's worked on."""
        return _joined(await self._journal.read(f"work/{work}"))

    async def _append(
        self, stream: str, decide: Decide, state: JSON | None = None
    ) -> None:
        """Append what `decide` says of the stream; after a lost race, decide anew."""
        while True:
            commits = await self._journal.read(stream)
            events = tuple(decide(commits))
            if not events:
                return
            draft = Draft(
                stream=stream,
                seq=len(commits) + 1,
                time=self._clock.now(),
                events=events,
                prev_hash=commits[-1].stored_hash if commits else GENESIS,
                state=state,
            )
            try:
                await self._journal.append(draft)
            except ConcurrencyError:
                continue
            return


def _stream(thread: str) -> str:
    return f"thread/{thread}"


def _always(*events: Payload) -> Decide:
    return lambda _: events


def _joined(commits: Iterable[Commit]) -> list[str]:
    events = (event for commit in commits for event in commit.events)
    return [event.stored()["data"]["thread"] for event in events]


def _redacted(key: str, digest: str, reason: str) -> Payload:
    return CheckpointRedacted(
        checkpoint_id=key, digest=digest, actor="langgraph", reason=reason
    )
