"""What the exit codes of nofx mean, and which error ends in which."""

from enum import IntEnum

from core.errors import (
    ConflictError,
    InputError,
    NofxError,
    NotFoundError,
    UnavailableError,
)


class Exit(IntEnum):
    """Every code that nofx ends with."""

    OK = 0
    FOUND = 1
    INPUT = 2
    AWAY = 3
    BUG = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANINGS = {
    Exit.OK: "all went well",
    Exit.FOUND: "a finding reached --fail-on, a history is broken, conflicts are open,"
    " something differs, a configuration has errors",
    Exit.INPUT: "what was given cannot be used",
    Exit.AWAY: "something that nofx needs is away, or it is not the time for it",
    Exit.BUG: "a bug in nofx",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
    Exit.BROKEN_PIPE: "nobody read the output to its end",
}


def exit_for(error: NofxError) -> Exit:
    """Return the exit code in which an error ends."""
    match error:
        case InputError() | NotFoundError():
            return Exit.INPUT
        case UnavailableError() | ConflictError():
            return Exit.AWAY
        case _:
            return Exit.BUG
