"""What goes wrong with runs and their steps."""

from core.errors.families import ConflictError, NotFoundError, UnavailableError


class IllegalTransitionError(ConflictError):
    """The state table has no such row."""

    message = "A {machine} in state {state} cannot {transition}."
    hint = "Look at its history; the table of allowed moves is in core/runs/states.py."


class RunNotFoundError(NotFoundError):
    """No run has this id."""

    message = "There is no run {run_id}."
    hint = "List the pull request's runs with `/nofx status`, or check the id."


class ActiveRunError(ConflictError):
    """Two runs of one head would be active at once."""

    message = "Run {run_id} of {repository}#{pull} at {head_sha} has not ended."
    hint = "Cancel it first, or wait for its end."


class LeaseLostError(ConflictError):
    """Another worker holds the run now."""

    message = "Run {run_id} is no longer held under fence {fence}."
    hint = "Stop; its new holder goes on from the last checkpoint."


class CancelRequestedError(ConflictError):
    """Someone wants the run to end."""

    message = "Run {run_id} is to be cancelled."
    hint = "Close what stands open at GitHub, then finish the cancellation."


class RunOutdatedError(ConflictError):
    """The pull request has moved on from the head that the run is about."""

    message = "The head moved from {head} to {now}."
    hint = "The push brings a webhook of its own; its run reads the new head."


class StepTimeoutError(UnavailableError):
    """A step took longer than it may."""

    message = "Step {step} did not end within {seconds:g} seconds."
    hint = "It is tried again; a change that never fits should be split."


class ReviewFailedError(UnavailableError):
    """A dry run came to no report."""

    message = "Run {run_id} did not finish: {reason}"
    hint = "`nofx doctor` checks what a review needs."
