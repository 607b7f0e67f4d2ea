"""Writes to GitHub that happen once: said before, done, read back when unclear."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from core.clock import Clock
from core.errors import (
    ConcurrencyError,
    LeaseLostError,
    NofxError,
    UnavailableError,
    UnclearAnswerError,
)
from core.events.base import JSON, Payload
from core.runs import part_moves
from core.runs.failures import words_of
from core.runs.handle import RunHandle
from core.runs.model import Effect, Run

ATTEMPTS = 3
LOOK = 0.25
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write: how to make it, and how to find it again when its end was unclear.

    `key` is unique inside the run, `digest` is the SHA-256 of the content. `perform`
    raises UnclearAnswerError when nobody knows whether it was done; `find` looks for it
    at GitHub and returns None when it is not there.
    """

    key: str
    kind: str
    digest: str
    perform: Callable[[], Awaitable[JSON]]
    find: Callable[[], Awaitable[JSON | None]]


class Effects:
    """Performs writes for one holder of a run, in the `step` that it is at.

    GitHub's lists can lag behind a write that timed out, so a missing one is looked for
    again after `settle` seconds before it is written anew. Who writes without holding
    the run gives another process `patience` seconds for a write that it has begun:
    until then that is only slow.
    """

    def __init__(
        self,
        handle: RunHandle,
        *,
        clock: Clock,
        settle: float = 2.0,
        step: str = "",
        patience: float = 0.0,
    ) -> None:
        self._handle = handle
        self._patience = timedelta(seconds=patience)
        self._step = step
        self._clock = clock
        self._settle = settle

    @property
    def run(self) -> Run:
        """Return the run as this holder last saw it."""
        return self._handle.run

    def check_lease(self) -> None:
        """Raise LeaseLostError when the holder's lease has run out."""
        self._handle.check_lease()

    async def once(self, write: Write) -> JSON:
        """Return the result of a write that stands at GitHub exactly once.

        Raises what `perform` raises when GitHub refuses it, and UnclearAnswerError when
        it stays unclear after three attempts.
        """
        for _ in range(ATTEMPTS):
            with suppress(ConcurrencyError):  # another holder moved it: look again
                result = await self._attempt(write)
                if result is not None:
                    return result
        raise UnclearAnswerError(
            method="write", path=write.key, reason=f"{ATTEMPTS} attempts were unclear"
        )

    async def _attempt(self, write: Write) -> JSON | None:
        known = await self._known(write.key)
        if known is not None and known.status == "performed":
            return known.result or {}
        if known is not None and known.status == "intended":
            found = await self._read_back(write)
            await self._handle.append(_reconciled(write, found, self._step))
            if found is not None:
                return found
        await self._handle.append(_intended(write, self._step))
        try:
            result = await write.perform()
        except UnclearAnswerError as error:
            log.warning("effect.unclear", key=write.key, reason=str(error))
            return None
        except (UnavailableError, LeaseLostError):
            raise
        except NofxError as error:
            words = words_of(error, mask=self._handle.mask)
            await self._handle.append(_failed(write.key, words))
            raise
        await self._handle.append(_performed(write, result, self._step))
        return result

    async def _known(self, key: str) -> Effect | None:
        """Return how far a write has come, once nobody else can be at it."""
        if self._patience and self._is_begun(key):
            begun = await self._handle.begun_elsewhere(key)
            while (
                begun is not None
                and self._is_begun(key)
                and self._clock.now() < begun + self._patience
            ):
                await self._clock.sleep(LOOK)
                await self._handle.refresh()
        return self.run.effects.get(key)

    def _is_begun(self, key: str) -> bool:
        known = self.run.effects.get(key)
        return known is not None and known.status == "intended"

    async def _read_back(self, write: Write) -> JSON | None:
        found = await write.find()
        if found is None:
            await self._clock.sleep(self._settle)
            found = await write.find()
        return found


def _intended(write: Write, step: str) -> Callable[[Run], tuple[Payload, ...]]:
    def decision(run: Run) -> tuple[Payload, ...]:
        known = run.effects.get(write.key)
        if known is not None and known.status in {"intended", "performed"}:
            raise ConcurrencyError(stream=run.stream, seq=run.head_seq)
        return (_intention(run, write, step),)

    return decision


def _performed(
    write: Write, result: JSON, step: str
) -> Callable[[Run], tuple[Payload, ...]]:
    def decision(run: Run) -> tuple[Payload, ...]:
        match run.effects[write.key].status:
            case "performed":  # another holder found it
                return ()
            case "intended":
                return (part_moves.effect_performed(write.key, result),)
            case _:  # another holder looked before it was there
                return _recorded(run, write, result, step)

    return decision


def _reconciled(
    write: Write, result: JSON | None, step: str
) -> Callable[[Run], tuple[Payload, ...]]:
    def decision(run: Run) -> tuple[Payload, ...]:
        status = run.effects[write.key].status
        if status == "intended":
            return (part_moves.effect_reconciled(run, write.key, result),)
        if result is None:
            raise ConcurrencyError(stream=run.stream, seq=run.head_seq)
        return () if status == "performed" else _recorded(run, write, result, step)

    return decision


def _recorded(run: Run, write: Write, result: JSON, step: str) -> tuple[Payload, ...]:
    performed = part_moves.effect_performed(write.key, result)
    return _intention(run, write, step), performed


def _intention(run: Run, write: Write, step: str) -> Payload:
    return part_moves.effect_intended(run, write.key, write.kind, write.digest, step)


def _failed(key: str, error: str) -> Callable[[Run], tuple[Payload, ...]]:
    def decision(run: Run) -> tuple[Payload, ...]:
        if run.effects[key].status != "intended":  # another holder has looked for it
            return ()
        return (part_moves.effect_failed(run, key, error),)

    return decision
