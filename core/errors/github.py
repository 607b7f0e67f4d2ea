"""What GitHub refuses, and what we refuse to send it."""

from datetime import datetime

from core.errors.families import (
    ConflictError,
    InputError,
    NofxError,
    NotFoundError,
    UnavailableError,
)


class GitHubUnavailableError(UnavailableError):
    """GitHub does not answer, or not as GitHub does."""

    message = "GitHub did not answer {method} {path}: {reason}"
    hint = "Check NOFX_GITHUB_URL, the network and https://www.githubstatus.com."


class GitHubRateLimitedError(UnavailableError):
    """GitHub asked us to wait for longer than a call may sleep."""

    message = "GitHub's {kind} rate limit holds until {retry_at:%Y-%m-%d %H:%M:%S} UTC."
    hint = "Try again after that moment; nothing was changed."

    def __init__(
        self, *, kind: str, retry_at: datetime, status: int | None = None
    ) -> None:
        super().__init__(kind=kind, retry_at=retry_at, status=status)
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


class UnknownFaultError(InputError):
    """The simulator was asked for a fault that it does not have."""

    message = "There is no fault {kind}."
    hint = "Use one of: {kinds}."


class SimulatorClosedError(NofxError):
    """The simulated GitHub was used before it was started or after it was closed."""

    message = "The simulated GitHub cannot do this: {reason}."
    hint = "Await its start() first, and use it before close()."


class McpServerError(UnavailableError):
    """The MCP server by which reviews should go cannot be used at all."""

    message = "The MCP server {server} cannot be used: {reason}"
    hint = "Check NOFX_MCP_COMMAND or NOFX_MCP_URL with `nofx doctor`."


class PublisherMissingError(UnavailableError):
    """What was asked for speaks at GitHub, and this process cannot."""

    message = "This needs GitHub, and this process has no App credentials."
    hint = "Set NOFX_APP_ID, the private key and NOFX_WEBHOOK_SECRETS, or ask the API."
