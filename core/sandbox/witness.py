"""Lets whoever began a piece of work know of each child that ran for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import PurePath

from core.sandbox.command import Command, Outcome


@dataclass(frozen=True, slots=True)
class Seen:
    """A child that has ended: the program's name, and how it went."""

    program: str
    outcome: Outcome


# Who reviews, and with which programs, is chosen far below the step that has it done;
# tasks and threads that it starts inherit the variable, and share the list.
_seen: ContextVar[list[Seen] | None] = ContextVar("children_seen", default=None)


@contextmanager
def witnessing() -> Iterator[list[Seen]]:
    """Yield a list that grows by each child that ends inside the block."""
    seen: list[Seen] = []
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


def noted(command: Command, outcome: Outcome) -> Outcome:
    """Tell whoever witnesses this work of a child's end; returns the outcome."""
    seen = _seen.get()
    if seen is not None:
        seen.append(Seen(PurePath(command.argv[0]).name, outcome))
    return outcome
