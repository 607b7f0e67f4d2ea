"""Writes a run as long as wished: tries of one step, each with events and a log."""

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.checkpoints.capture import Checkpoints
from core.clock import Clock
from core.events.base import Payload
from core.events.commit import GENESIS, Draft
from core.events.schema import (
    RunCreated,
    RunStateChanged,
    SandboxFinished,
    StepProgressed,
    StepRetried,
    StepStarted,
)
from core.runs.service import Runs
from core.store.blobs import Blobs

STEP = "review"
AT_ONCE = 4
CAPTURED_EVERY = 16
WORDS = (
    *("analyze", "step", "hunk", "file", "review", "request", "took", "seconds"),
    *("cache", "miss", "retry", "line", "path", "core/store/database.py", "finding"),
    *("warning", "of", "pull", "anchor", "checkpoint"),
)


@dataclass(kw_only=True)
class LongRun:
    """A run under way; `written` counts the bytes of its logs."""

    runs: Runs
    blobs: Blobs
    checkpoints: Checkpoints
    clock: Clock
    run_id: str
    rng: random.Random
    seq: int = 0
    head: str = GENESIS
    written: int = 0
    events: int = 0
    state: dict[str, Any] = field(default_factory=dict)

    async def begin(self) -> None:
        """Ask for the run, and take it up."""
        created = RunCreated(
            transition="enqueue",
            from_=None,
            to="queued",
            repository="octo/long",
            pull=1,
            head_sha="a" * 40,
            pipeline="review",
            reason="push",
            requested_by="ada",
        )
        claimed = RunStateChanged(
            transition="claim",
            from_="queued",
            to="running",
            actor="worker",
            program="nofx/bench",
        )
        await self._append(None, "queued", created)
        await self._append("queued", "running", claimed)

    async def tries(self, count: int, *, events: int, log_bytes: int) -> None:
        """Try the step so often, with so many events and bytes of log each time."""
        for begin in range(0, count, AT_ONCE):
            attempts = range(begin, min(begin + AT_ONCE, count))
            logs = [self._log(log_bytes) for _ in attempts]
            digests = await asyncio.gather(*map(self.blobs.put, logs))
            self.written += sum(map(len, logs))
            for attempt, digest in zip(attempts, digests, strict=True):
                await self._try(attempt + 1, events, digest)

    async def _try(self, attempt: int, events: int, log: str) -> None:
        started = StepStarted(
            subject=STEP,
            transition="start",
            from_="pending",
            to="running",
            attempt=attempt,
        )
        lost = StepRetried(
            subject=STEP,
            transition="lose",
            from_="running",
            to="pending",
            attempt=attempt,
            error="the worker fell silent",
            log=log,
        )
        work = (self._piece(attempt, at) for at in range(max(0, events - 2)))
        happened: list[Payload] = [started, *work, lost]
        state = None
        if attempt % CAPTURED_EVERY == 0:
            self.state["tried"] = attempt
            captured = await self.checkpoints.capture(self.state)
            state = captured.inline
            happened.append(
                self.checkpoints.event(captured, kind="after", step=STEP, parents=())
            )
        await self._append("running", "running", *happened, state=state)

    def _piece(self, attempt: int, at: int) -> Payload:
        if at % 5:
            return StepProgressed(
                step=STEP, done=at, of=99, unit="hunk", attempt=attempt
            )
        return SandboxFinished(
            step=STEP,
            program="ruff",
            cpu_seconds=self.rng.random(),
            wall_seconds=self.rng.random(),
            peak_memory_bytes=self.rng.randrange(10**8),
            isolation="limits",
            exit_code=0,
        )

    def _log(self, size: int) -> bytes:
        return b"".join(_lines(self.rng, self.run_id, size))

    async def _append(
        self, from_: str | None, to: str, *events: Payload, state: Any = None
    ) -> None:
        self.seq += 1
        draft = Draft(
            stream=f"run/{self.run_id}",
            seq=self.seq,
            time=self.clock.now(),
            events=events,
            from_=from_,
            to=to,
            fence=1 if self.seq > 1 else 0,
            prev_hash=self.head,
            state=state,
        )
        self.events += len(events)
        self.head = (await self.runs.journal.append(draft)).stored_hash


def _lines(rng: random.Random, run_id: str, size: int) -> Iterator[bytes]:
    """Yield lines as nofx logs them, up to so many bytes of them."""
    while size > 0:
        line = {
            "step": STEP,
            "event": "review.hunk_read",
            "level": "info",
            "timestamp": f"2026-11-29T03:15:{rng.random() * 60:09.6f}Z",
            "run_id": run_id,
            "logger": "bot.pipeline.review",
            "words": " ".join(rng.choices(WORDS, k=12)),
            "line": rng.randrange(1000),
            "digest": f"{rng.getrandbits(256):064x}",
        }
        row = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        size -= len(row)
        yield row
