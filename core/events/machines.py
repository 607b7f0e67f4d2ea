"""Machines as data: a transition that is not a row of a table does not exist."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import IllegalTransitionError


@dataclass(frozen=True, slots=True)
class Transition:
    """A named way from some states (None: from not being) to one state."""

    name: str
    from_: tuple[str | None, ...]
    to: str


# What people ask for, by the transition that it becomes.
PEOPLE = {
    "pause": "pause",
    "resume": "resume",
    "cancel": "cancel",
    "request_cancel": "cancel",
    "approve": "approve",
    "reject": "reject",
    "waive": "waive",
    "reopen": "retry",
    "address": "resolve",
    "dispute": "dispute",
    "dismiss": "dismiss",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """One kind of thing with a state, and every move that it can make."""

    name: str
    transitions: tuple[Transition, ...]
    terminal: frozenset[str] = frozenset()

    def step(self, transition: str, from_: str | None) -> str:
        """Return the state that `transition` leads to from `from_`.

        Raises IllegalTransitionError when the table has no such row.
        """
        for row in self.transitions:
            if row.name == transition and from_ in row.from_:
                return row.to
        raise IllegalTransitionError(
            machine=self.name,
            state=from_ or "none",
            transition=transition,
            moves=", ".join(self.for_people(from_)) or "nothing",
        )

    def for_people(self, from_: str | None) -> tuple[str, ...]:
        """Return what people can ask for in a state, in their words."""
        if self.name == "run" and from_ in self.terminal:
            return ("rerun it", "branch from it")
        rows = (row.name for row in self.transitions if from_ in row.from_)
        return tuple(dict.fromkeys(PEOPLE[name] for name in rows if name in PEOPLE))

    def rows(self) -> Iterator[tuple[str, str | None, str]]:
        """Yield each `(transition, from, to)`."""
        for row in self.transitions:
            for from_ in row.from_:
                yield row.name, from_, row.to

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the distinct `(from, to)` pairs of what already is, in order."""
        return tuple(sorted({(f, to) for _, f, to in self.rows() if f is not None}))

    def states(self) -> tuple[str, ...]:
        """Return every state, in the order in which the table first names it."""
        named = (s for row in self.transitions for s in (*row.from_, row.to))
        return tuple(dict.fromkeys(s for s in named if s is not None))


def mermaid(machine: Machine) -> str:
    """Return the machine as a Mermaid state diagram, rows in the table's order."""
    lines = ["stateDiagram-v2"]
    for name, from_, to in machine.rows():
        lines.append(f"    {from_ or '[*]'} --> {to}: {name}")
    lines.extend(
        f"    {state} --> [*]"
        for state in machine.states()
        if state in machine.terminal
    )
    return "\n".join(lines)
