"""What goes wrong when two checkpoints are merged."""

from core.errors.families import ConflictError, InputError, NotFoundError


class StateTooDeepError(InputError):
    """A state is nested more deeply than is stored."""

    message = "The state is nested more than {limit} levels deep."
    hint = "Keep deeply nested data as an artifact, and only its digest in the state."


class StateNotJsonError(InputError):
    """A state holds what no checkpoint can."""

    message = "The state is not JSON that can be digested: {reason}."
    hint = "Use null, true, false, finite numbers, strings, lists and objects."


class StateUnusableError(InputError):
    """A pipeline cannot go on from a state, as when a merge put a wrong value there."""

    message = "The run's state cannot be used: {reason}."
    hint = "Merge again with other choices, or branch from an earlier checkpoint."


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


class MergeNotFoundError(NotFoundError):
    """No merge has this id."""

    message = "There is no merge {merge_id}."
    hint = "Check the id; POST /merges makes a new one."


class MergeStaleError(ConflictError):
    """A run has gone on since the merge was planned."""

    message = "Run {run_id} has gone on since merge {merge_id} was planned."
    hint = "Look at the fresh plan, settle what is open, and commit again."


class MergeCommittedError(ConflictError):
    """A merge is over, and can no longer be changed."""

    message = "Merge {merge_id} was committed as run {run_id}."
    hint = "Go on with that run, or plan another merge."


class NoCheckpointError(ConflictError):
    """A run has nothing yet that could be merged."""

    message = "Run {run_id} has no checkpoint yet."
    hint = "Wait until it has begun its first step."
