"""What goes wrong with diffs of checkpoints and with bundles."""

from core.errors.families import (
    ConflictError,
    InputError,
    NotFoundError,
    UnavailableError,
)


class NothingToCompareError(NotFoundError):
    """A checkpoint was to be compared with one that is not there."""

    message = "Checkpoint {checkpoint_id} of run {run_id} cannot be compared: {reason}."
    hint = "Name another with --against: parent, a checkpoint, RUN:CHECKPOINT."


class PatchTooLargeError(ConflictError):
    """A difference has more operations than are told, so it is no patch."""

    message = "The patch from {before} to {after} has too many operations."
    hint = "Ask for format=json: it tells the changes; or read the two states."


class DiffUnprovenError(ConflictError):
    """A difference does not lead from the one state to the other."""

    message = "The difference between {before} and {after} does not hold: {reason}."
    hint = "This is a bug of nofx; compare the checkpoints' states yourself meanwhile."


class BundleNotFoundError(NotFoundError):
    """No bundle was made of a run, or it was deleted."""

    message = "There is no bundle of run {run_id}."
    hint = "Make one: POST /runs/{run_id}/rca, or `nofx rca download {run_id}`."


class BundleBusyError(UnavailableError):
    """A bundle is being made, and it is not done yet."""

    message = "A bundle of run {run_id} is being made since {since}."
    hint = "Ask again in a moment."


class BundleFailedError(UnavailableError):
    """A bundle could not be made."""

    message = "The bundle of run {run_id} could not be made: {reason}"
    hint = "Ask again in a minute; the log has it as bundle.failed."


class SpoolError(UnavailableError):
    """The system does not let a bundle be written, as when the disk is full."""

    message = "No bundle can be written to {folder}: {reason}."
    hint = "Make room there, or let NOFX_CACHE_DIR name another folder."


class BundleDamagedError(ConflictError):
    """A bundle is kept, and a part of it is not."""

    message = "Part {part} of the bundle of run {run_id} is gone."
    hint = "It may have been deleted meanwhile; make a new one: POST /runs/{run_id}/rca"


class BundleRefusedError(InputError):
    """A file is no bundle of nofx, or not as it was made; `member` names the part."""

    message = "{path} is refused at {member}: {reason}."
    hint = "Download it again, or make a new one; do not trust what is in it."


class BundleFileError(InputError):
    """A file that should be a bundle cannot be read as one."""

    message = "{path} is no bundle: {reason}."
    hint = "Give a file that `nofx rca download` has made, or a run's id."


class BundleMemberError(NotFoundError):
    """A bundle has not got a part that is needed."""

    message = "The bundle {path} has no {member}."
    hint = "`nofx rca show --list` tells what is in it, errors/collection.ndjson why."


class DownloadBrokenError(UnavailableError):
    """A download did not come to its end."""

    message = "{url} broke off after {done} of {size} bytes: {reason}"
    hint = "Run the command again; it goes on where it stopped."


class DownloadDamagedError(ConflictError):
    """What was downloaded is not what the service has."""

    message = "{path} has SHA-256 {found}, but the service says {wanted}."
    hint = "The file was put aside as {aside}; run the command again."


class ServiceRefusedError(InputError):
    """A service of nofx does not do what was asked of it over HTTP."""

    message = "{url} answered {status}: {detail}"
    hint = "{advice}"


class ServiceAwayError(UnavailableError):
    """A service of nofx cannot be reached over HTTP, or has no time."""

    message = "{url} cannot answer: {reason}"
    hint = "Look at the address and at the service, then run the command again."


class DownloadTakenError(ConflictError):
    """Another process is downloading to the same file."""

    message = "{path} is being written by another download."
    hint = "Wait for it, or give another file with --output."
