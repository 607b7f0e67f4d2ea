"""In which try of its step an event stands, and what was kept of each try; pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.events.base import Payload
from core.events.commit import Commit
from core.events.schema import (
    RunStateChanged,
    StepFinished,
    StepMove,
    StepRetried,
    StepStarted,
)
from core.runs.evolve import BY_PEOPLE

Ended = StepFinished | StepRetried


class Tries:
    """Counts the tries of each step, as its events, one after the other, tell them."""

    def __init__(self) -> None:
        self._attempts: dict[str, int] = {}

    def take(self, event: Payload) -> int:
        """Return in which try of its step an event stands, 0 for another event."""
        if isinstance(event, StepStarted):
            self._attempts[event.subject] = event.attempt
        if isinstance(event, StepMove):
            return self._attempts.get(event.subject, 1)
        return 0


def outages(commits: Iterable[Commit]) -> tuple[str, ...]:
    """Return the code of each error that has cost a run an attempt, oldest first.

    Once a person has set it going again, they begin anew.
    """
    codes: list[str] = []
    for commit in commits:
        moves = {
            one.transition for one in commit.events if isinstance(one, RunStateChanged)
        }
        if moves & BY_PEOPLE:
            codes.clear()
        if "back_off" in moves:
            codes += [
                one.failure.code
                for one in commit.events
                if isinstance(one, StepRetried) and one.failure is not None
            ]
    return tuple(codes)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTry:
    """One try of a step of which lines were kept; `digest` names them."""

    step: str
    attempt: int
    digest: str


def kept_tries(
    commits: Iterable[Commit], named: Callable[[Ended], str | None]
) -> tuple[KeptTry, ...]:
    """Return the tries whose end names lines in this way, oldest first."""
    tries = Tries()
    found: list[KeptTry] = []
    for event in (one for commit in commits for one in commit.events):
        attempt = tries.take(event)
        digest = named(event) if isinstance(event, Ended) else None
        if isinstance(event, Ended) and digest is not None:
            found.append(KeptTry(step=event.subject, attempt=attempt, digest=digest))
    return tuple(found)
