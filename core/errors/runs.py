"""What goes wrong with runs and their steps."""

from core.errors.families import (
    ConflictError,
    InputError,
    NotFoundError,
    UnavailableError,
)


class IllegalTransitionError(ConflictError):
    """The state table has no such row."""

    message = "A {machine} in state {state} cannot {transition}."
    hint = (
        "What people can do with it now: {moves}. `nofx runs states` prints every move."
    )


class RunNotFoundError(NotFoundError):
    """No run has this id."""

    message = "There is no run {run_id}."
    hint = "Check the id; `nofx runs list` and `GET /runs` tell which there are."


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


class GateNotFoundError(NotFoundError):
    """The run has not come to a gate of this name."""

    message = "Run {run_id} has no gate {gate}; it has: {known}."
    hint = "Check the name; a gate is there once the run has reached it."


class GateNotReachedError(UnavailableError):
    """The run may yet come to a gate of this name."""

    message = "Run {run_id} has not come to a gate {gate} yet."
    hint = "It is tried again in a moment."


class HeadUnseenError(ConflictError):
    """A person decided before the head that the decision would be about was there."""

    message = "The decision is older than {head}, which is reviewed now."
    hint = "Look at the new commit; if you mean that, say it again."


class ReasonMissingError(InputError):
    """A decision that overrules something was made without words."""

    message = "To {decision} {gate}, a reason is needed."
    hint = "Say why in a few words; it is kept with your name."


class CheckpointNotFoundError(NotFoundError):
    """The run has no checkpoint of this id."""

    message = "Run {run_id} has no checkpoint {checkpoint_id}."
    hint = "List its checkpoints; one of another run must be asked of that run."


class CheckpointRedactedError(ConflictError):
    """The state of a checkpoint was erased."""

    message = "The state of checkpoint {checkpoint_id} of run {run_id} was redacted."
    hint = "It is gone for good; go on from an earlier checkpoint."


class StepNotReachedError(ConflictError):
    """A run never came to the step that was named."""

    message = "Run {run_id} never began step {step}; it began: {begun}."
    hint = "Name one of those steps, or leave it out to run everything again."


class OverridesError(InputError):
    """A setting cannot be given to a branch, or not from this checkpoint on."""

    message = "These overrides cannot be used: {reason}."
    hint = "Leave them out, or branch from a checkpoint before the step that uses them."


class LocalRunError(InputError):
    """A dry run can only be made again as one, and where the change is."""

    message = "Run {run_id} was a dry run: nothing of it is said at GitHub."
    hint = "Run `nofx review --dry-run` where the change is, or ask for a review."


class RunEndedError(ConflictError):
    """A run that has ended is never touched again."""

    message = "Run {run_id} is {status}; a run that has ended stays as it is."
    hint = "Go on from one of its checkpoints: branch it, or run it again."
