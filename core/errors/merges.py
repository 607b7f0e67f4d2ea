"""What goes wrong when two checkpoints are merged."""

from core.errors.families import ConflictError, InputError


class StateTooDeepError(InputError):
    """A state is nested more deeply than is stored."""

    message = "The state is nested more than {limit} levels deep."
    hint = "Keep deeply nested data as an artifact, and only its digest in the state."


class StateNotJsonError(InputError):
    """A state holds what no checkpoint can."""

    message = "The state is not JSON that can be digested: {reason}."
    hint = "Use null, true, false, finite numbers, strings, lists and objects."


class UnknownConflictError(InputError):
    """A choice was made for a conflict that the merge does not have."""

    message = "The merge has no conflict {conflict_id}."
    hint = "Read the merge's plan again; a fresh plan can have other conflicts."


class UnknownChoiceError(InputError):
    """A conflict cannot be settled in that way."""

    message = "Conflict {conflict_id} cannot be settled by {choice}."
    hint = 'Choose "ours", "theirs", "base", "suggestion", or give {{"value": …}}.'


class UnresolvedConflictsError(ConflictError):
    """A merge cannot be finished while conflicts are open."""

    message = "{count} conflicts are not resolved: {conflicts}."
    hint = "Choose ours, theirs, base or a value for each, then commit again."


class UnrelatedRunsError(InputError):
    """Two checkpoints have no common ancestor."""

    message = "The checkpoints {ours} and {theirs} have no common ancestor."
    hint = "Only branches of one run can be merged; look at the run's tree."


class MergeBaseAmbiguousError(ConflictError):
    """Two checkpoints have several lowest common ancestors."""

    message = "{ours} and {theirs} have more than one merge base: {candidates}."
    hint = "Choose one of them as `base`."


class MergeBaseForeignError(InputError):
    """The base that was chosen is not an ancestor of both sides."""

    message = "{base} is not an ancestor of both {ours} and {theirs}."
    hint = "Leave `base` out, or choose a checkpoint that both came from."
