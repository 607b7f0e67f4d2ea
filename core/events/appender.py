"""Group commit: one process's waiting commits go to the journal in one insert."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, fields
from typing import Protocol

import structlog

from core.clock import Clock, Ids
from core.errors import (
    ConcurrencyError,
    ConflictError,
    RefusedByDatabaseError,
    StoreUnavailableError,
)
from core.events.base import JSON
from core.events.commit import Commit, Draft, chain_hash
from core.events.writers import last_words
from core.metrics.journal import APPEND_SECONDS, BATCH_SIZE, CONFLICTS

BATCH = 128
PATIENCE = 30.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Taken:
    """The journal already has an entry at this document's key."""

    index: int
    by: Commit


@dataclass(frozen=True, slots=True)
class Refused:
    """A validator refused this document; earlier ones may be in or not."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The writer's log was ended, by a feeder that had not heard of it for long.

    This document's number is the one that the end took: documents before it are in.
    """

    index: int


Answer = Taken | Refused | Ended | None


class Sink(Protocol):
    """Where batches go; the journal in life, a faulty one in tests."""

    async def insert(self, commits: Sequence[Commit]) -> Answer:
        """Insert in order until the first failure; None when all are durable.

        Raises StoreUnavailableError when the answer is unclear.
        """
        ...


@dataclass(slots=True)
class _Waiting:
    draft: Draft
    entry: JSON
    hash: str
    future: asyncio.Future[Commit]
    ends_log: bool = False


class Appender:
    """Appends drafts in the order of their arrival and answers when they are durable.

    `writer` is this process's name in the journal: its `wseq` counts without gaps. When
    the database stays away past `patience` seconds the waiting callers are told so, and
    the writer takes a new name, since nobody knows which of its numbers arrived.
    `register` is awaited before the first insert under a name; `accepted` is called
    with what has become durable, in order, also when its caller no longer waits.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        clock: Clock,
        ids: Ids,
        register: Callable[[str], Awaitable[None]],
        accepted: Callable[[Sequence[Commit]], None],
        patience: float = PATIENCE,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._ids = ids
        self._register = register
        self._accepted = accepted
        self._patience = patience
        self._queue: list[_Waiting] = []
        self._flushing: asyncio.Task[None] | None = None
        self._rename()

    def _rename(self) -> None:
        self.writer = self._ids.new("w")
        self._wseq = 0
        self._registered = False

    async def append(self, draft: Draft) -> Commit:
        """Append at `draft.seq` of its stream and return the durable commit.

        Raises ConcurrencyError when another holds that sequence, RefusedByDatabaseError
        when a validator refuses it, StoreUnavailableError when the database stays away,
        ValueError when the draft has no canonical JSON.
        """
        return await self._hand_in(draft)

    async def _hand_in(self, draft: Draft, *, ends_log: bool = False) -> Commit:
        future: asyncio.Future[Commit] = asyncio.get_running_loop().create_future()
        # A caller that was cancelled never asks: asyncio would call it an error.
        future.add_done_callback(asyncio.Future.exception)
        entry = draft.entry()
        linked = chain_hash(draft.prev_hash, entry)
        self._queue.append(_Waiting(draft, entry, linked, future, ends_log))
        if self._flushing is None or self._flushing.done():
            # It works for all, so what it logs names nobody's run or request.
            self._flushing = asyncio.create_task(self._flush(), context=Context())
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Wait until everything that was handed in has its answer, and end the log.

        A writer that cannot say its last words is ended by a feeder, later. What is
        appended afterwards goes under a new name.
        """
        while self._flushing is not None and not self._flushing.done():
            await self._flushing
        if not self._registered:
            return
        end = last_words(self.writer, time=self._clock.now(), reason="closed")
        with suppress(ConflictError, StoreUnavailableError):
            await self._hand_in(end, ends_log=True)

    async def _flush(self) -> None:
        while self._queue:
            batch = self._next_batch()
            try:
                await self._write(batch)
            except StoreUnavailableError as error:
                self._abandon(batch, error)
            except Exception:
                log.exception("appender.failed", size=len(batch))
                # One that cannot be sent must not take the others with it. They keep
                # their numbers, so that those that are in are met as our own.
                for waiting in batch:
                    await self._write_alone(waiting)
            if batch[-1].ends_log:
                self._rename()

    def _next_batch(self) -> list[_Waiting]:
        """Take what goes in one insert; nothing may come after the end of the log."""
        batch = self._queue[:BATCH]
        for place, waiting in enumerate(batch, start=1):
            if waiting.ends_log:
                batch = batch[:place]
                break
        self._queue = self._queue[len(batch) :]
        return batch

    async def _write_alone(self, waiting: _Waiting) -> None:
        try:
            if not waiting.future.done():
                await self._write([waiting])
        except Exception as error:  # noqa: BLE001 # it is its caller's answer
            self._abandon([waiting], error)

    def _abandon(self, batch: list[_Waiting], error: Exception) -> None:
        self._rename()
        for waiting in batch:
            _answer(waiting, error)

    async def _write(self, batch: list[_Waiting]) -> None:
        while batch:
            commits = [
                _numbered(waiting, self.writer, self._wseq + place)
                for place, waiting in enumerate(batch, start=1)
            ]
            match await self._insert(commits):
                case None:
                    self._accept(batch, commits)
                    return
                case Taken(index, by):
                    self._accept(batch[:index], commits[:index])
                    mine = commits[index]
                    if (by.writer, by.wseq) == (mine.writer, mine.wseq):
                        self._accept(batch[index : index + 1], [mine])
                    else:
                        CONFLICTS.inc()
                        _answer(batch[index], _conflict(mine))
                    batch = batch[index + 1 :]
                case Refused(index, reason):
                    # MongoDB keeps the documents before a refused one, the embedded
                    # server keeps none: sent again with the same numbers, those that
                    # are in are met as our own.
                    error = RefusedByDatabaseError(collection="journal", reason=reason)
                    _answer(batch[index], error)
                    batch = batch[:index] + batch[index + 1 :]
                case Ended(index):
                    self._accept(batch[:index], commits[:index])
                    log.info("appender.renamed", ended=self.writer)
                    self._rename()
                    batch = batch[index:]

    async def _insert(self, commits: list[Commit]) -> Answer:
        started, delay = self._clock.monotonic(), 0.05
        while True:
            try:
                if not self._registered:
                    await self._register(self.writer)
                    self._registered = True
                answer = await self._sink.insert(commits)
            except StoreUnavailableError as error:
                if self._clock.monotonic() - started > self._patience:
                    raise
                log.warning("appender.retrying", reason=str(error), size=len(commits))
            else:
                BATCH_SIZE.observe(len(commits))
                APPEND_SECONDS.observe(self._clock.monotonic() - started)
                return answer
            await self._clock.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311 # jitter
            delay = min(delay * 2, 2.0)

    def _accept(self, batch: list[_Waiting], commits: list[Commit]) -> None:
        self._wseq += len(commits)
        for waiting, commit in zip(batch, commits, strict=True):
            if not waiting.future.done():
                waiting.future.set_result(commit)
        if commits:
            self._accepted(commits)


def _numbered(waiting: _Waiting, writer: str, wseq: int) -> Commit:
    values = {field.name: getattr(waiting.draft, field.name) for field in fields(Draft)}
    return Commit(
        **values,
        writer=writer,
        wseq=wseq,
        stored_hash=waiting.hash,
        made=waiting.entry,
    )


def _conflict(commit: Commit) -> ConcurrencyError:
    return ConcurrencyError(stream=commit.stream, seq=commit.seq)


def _answer(waiting: _Waiting, error: Exception) -> None:
    if not waiting.future.done():
        waiting.future.set_exception(error)
