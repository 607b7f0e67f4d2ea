"""Notes of workers that let go of a run to which they may no longer write.

They stand in a stream beside the run's own. A note that cannot be stored at once, as
when the database is what is away, is tried again for some minutes.
"""

import asyncio
import random
from contextvars import Context
from dataclasses import dataclass
from typing import Literal

import structlog

from core.clock import Clock
from core.errors import ConcurrencyError, StoreUnavailableError
from core.events.commit import GENESIS, Draft
from core.events.journal import Journal
from core.events.schema import WorkerLeft
from core.runs.failures import Mask, failure_of, words_of
from core.runs.model import Run

Why = Literal["fenced", "unavailable", "crashed"]
log = structlog.get_logger()


def left_stream(run_id: str) -> str:
    """Return the stream in which the notes about a run stand."""
    return f"left/{run_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a note is tried to be stored, and how many wait for it at once.

    Seconds; `first` is what its worker waits for it before it goes on, `last` what a
    process that ends gives all of them.
    """

    tries: float = 300.0
    longest: float = 15.0
    first: float = 1.0
    last: float = 1.0
    waiting: int = 100


PATIENT = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letting:
    """Which run is let go of, by whom and at which step: `fence` is its claim's."""

    run: Run
    worker: str
    fence: int
    step: str
    why: Why

    def told(self, error: BaseException, mask: Mask) -> WorkerLeft:
        """Return the note, with what the error tells of itself."""
        return WorkerLeft(
            run_id=self.run.id,
            repository=self.run.subject.repository,
            pull=self.run.subject.pull,
            worker=self.worker,
            fence=self.fence,
            step=self.step,
            why=self.why,
            error=words_of(error, mask=mask),
            failure=failure_of(error, mask=mask),
        )


class LeftNotes:
    """Leaves notes in the journal, each behind those that are there."""

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Clock,
        mask: Mask,
        patience: Patience = PATIENT,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._mask = mask
        self._patience = patience
        self._tasks: set[asyncio.Task[None]] = set()

    async def leave(self, letting: Letting, error: BaseException) -> None:
        """Have a note of this stored; wait a moment for it, and never raise."""
        note = letting.told(error, self._mask)
        if len(self._tasks) >= self._patience.waiting:
            _given_up(note, "too many others wait")
            return
        # It outlives the work on the run, and speaks for nobody's step.
        task = asyncio.create_task(self._stored(note), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task}, timeout=self._patience.first)

    async def close(self) -> None:
        """Give what waits a last moment, then give it up."""
        if self._tasks:
            await asyncio.wait({*self._tasks}, timeout=self._patience.last)
        waiting = [*self._tasks]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _stored(self, note: WorkerLeft) -> None:
        try:
            await self._tried(note)
        except StoreUnavailableError as error:
            _given_up(note, str(error))
        except asyncio.CancelledError:
            _given_up(note, "the process ends")
            raise
        except Exception:
            log.exception("worker.left_unsaid", **_facts(note))

    async def _tried(self, note: WorkerLeft) -> None:
        """Append the note, again and again; raises the last refusal of the store."""
        until, delay = self._clock.monotonic() + self._patience.tries, 0.1
        while True:
            try:
                await self._append(note)
            except ConcurrencyError:
                continue  # another let go of it at this moment, too
            except StoreUnavailableError:
                if self._clock.monotonic() >= until:
                    raise
            else:
                return
            await self._clock.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311 # jitter
            delay = min(delay * 2, self._patience.longest)

    async def _append(self, note: WorkerLeft) -> None:
        stream = left_stream(note.run_id)
        before = await self._journal.read(stream)
        await self._journal.append(
            Draft(
                stream=stream,
                seq=len(before) + 1,
                time=self._clock.now(),
                events=(note,),
                prev_hash=before[-1].stored_hash if before else GENESIS,
            )
        )


def _facts(note: WorkerLeft) -> dict[str, str]:
    return {
        "run_id": note.run_id,
        "step": note.step,
        "why": note.why,
        "error": note.error,
    }


def _given_up(note: WorkerLeft, reason: str) -> None:
    log.warning("worker.left_unsaid", **_facts(note), reason=reason)
