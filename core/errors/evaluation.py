"""What keeps `nofx eval` from scoring, or a benchmark from being converted."""

from core.errors.families import InputError


class NoCasesError(InputError):
    """A folder has no case in it."""

    message = "There is no case in {folder}."
    hint = "A case is a folder in it with case.json and change.diff."


class CaseUnusableError(InputError):
    """A case cannot be read."""

    message = "The case {folder} cannot be used: {reason}."
    hint = "Mend that file; `nofx eval run --help` shows how a case looks."


class BenchmarkUnreadableError(InputError):
    """A benchmark's file has another shape than it is known to have."""

    message = "{path} is not a file of the benchmark {name}: {place}: {reason}."
    hint = "Give the benchmark's own JSON, as it was published."
