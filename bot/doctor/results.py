"""What a check found, and how checks are run so that one failure hides no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import NofxError

LONGEST_CHECK = 45.0


class State(StrEnum):
    """How a check ended; a warning stops nothing."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check: its name, how it ended, what was found, and how to mend it."""

    name: str
    state: State
    detail: str
    mend: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, before it has its name."""

    state: State
    detail: str
    mend: str | None = None


Check = Callable[[], Awaitable[Finding]]


def ok(detail: str) -> Finding:
    """Say that nothing is wrong."""
    return Finding(State.OK, detail)


def warn(detail: str, mend: str) -> Finding:
    """Say that something works less well than it could."""
    return Finding(State.WARN, detail, mend)


def fail(detail: str, mend: str) -> Finding:
    """Say that something does not work."""
    return Finding(State.FAIL, detail, mend)


async def run_checks(
    checks: Sequence[tuple[str, Check]], *, longest: float = LONGEST_CHECK
) -> tuple[CheckResult, ...]:
    """Run each check in turn, at most `longest` seconds; a NofxError is a failure."""
    results = []
    for name, check in checks:
        found = await _run(check, longest)
        results.append(
            CheckResult(
                name=name, state=found.state, detail=found.detail, mend=found.mend
            )
        )
    return tuple(results)


async def _run(check: Check, longest: float) -> Finding:
    """Run one check."""
    try:
        async with asyncio.timeout(longest):
            return await check()
    except NofxError as error:
        return fail(str(error), error.way_out)
    except TimeoutError:
        return fail(
            f"No answer within {longest:g} seconds.", "Try again; then look at the log."
        )
