"""What every error shares, and the five ways in which a thing can go wrong."""

import re
from collections.abc import Iterator
from typing import ClassVar


class NofxError(Exception):
    """A refusal that carries its facts and a way out.

    Subclasses give `message`, a format string over the facts, and `hint`, one sentence
    on what to do. `code` is the class name in snake case, stable for machines.
    """

    message: ClassVar[str] = "Something went wrong inside nofx."
    hint: ClassVar[str] = "Look at the log for the event before this one."

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.message.format(**facts))

    @property
    def code(self) -> str:
        """Return the machine-readable name, for example `run_not_found`."""
        return code_of(type(self))

    @property
    def way_out(self) -> str:
        """Return the hint with the facts filled in."""
        return self.hint.format(**self.facts)


class InputError(NofxError):
    """What was given cannot be used: exit code 2, HTTP 422."""


class NotFoundError(NofxError):
    """What was asked for is not there: HTTP 404."""


class ConflictError(NofxError):
    """Someone else was there first, or the state does not allow it: HTTP 409."""


class UnavailableError(NofxError):
    """Something nofx needs is away; trying again later can help: HTTP 503."""


def code_of(kind: type[NofxError]) -> str:
    """Return the machine-readable name of a class of errors."""
    name = kind.__name__.removesuffix("Error").replace("GitHub", "Github")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def kinds_of(family: type[NofxError]) -> Iterator[type[NofxError]]:
    """Yield an error class and all that descend from it."""
    yield family
    for kind in family.__subclasses__():
        yield from kinds_of(kind)
