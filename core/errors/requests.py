"""What an HTTP request can be refused for, before anybody acts on it."""

from core.errors.families import ConflictError, InputError, NofxError, NotFoundError


class BodyMalformedError(InputError):
    """The body is not JSON: HTTP 400."""

    message = "The body cannot be read as JSON: {reason}."
    hint = "Send one JSON object in UTF-8."


class BodyTypeError(InputError):
    """The body says that it is something else than JSON: HTTP 415."""

    message = "The body is said to be {found}."
    hint = "Send JSON with `Content-Type: application/json`."


class FormMalformedError(InputError):
    """The form of a page is none that a page of ours sends: HTTP 400."""

    message = "The form cannot be read: {reason}."
    hint = "Open the page again and send it from there."


class PageNotFoundError(NotFoundError):
    """There is no such page."""

    message = "There is no page at {path}."
    hint = "Begin at the list of runs."


class BodyTooLargeError(InputError):
    """The body does not fit: HTTP 413."""

    message = "The body is larger than {limit} bytes."
    hint = "Send less: no request needs as much."


class BodySlowError(InputError):
    """The body did not arrive in time: HTTP 408."""

    message = "The body did not arrive within {seconds:g} seconds."
    hint = "Send it again, and check the network in between."


class RequestInvalidError(InputError):
    """A part of the request is not what it has to be."""

    message = "The request does not fit: {reason}."
    hint = "GET /openapi.json describes every request."


class IdMalformedError(NotFoundError):
    """What stands in the path is no id at all."""

    message = "{found} is not the id of a {noun}."
    hint = "An id of a {noun} looks like {example}."


class CursorError(InputError):
    """A page cannot be gone on from here."""

    message = "{cursor} is not a cursor of a list of runs."
    hint = "Take `next` from the page before it, as it is, or begin without one."


class CursorTrimmedError(InputError):
    """What followed this position was deleted as too old: HTTP 410."""

    message = "The events after position {position} are no longer all kept."
    hint = "Begin again with after=0: the oldest position that is kept is {oldest}."


class RangeError(InputError):
    """The file has not got the bytes that were asked for: HTTP 416."""

    message = "Bytes {found} are not in a file of {size} bytes."
    hint = "What you have may be all of it; else download it without a range."


class RepositoryNotFoundError(NotFoundError):
    """The token sees no repository of this name."""

    message = "There is no repository {repository} that this token may see."
    hint = "Check the name, and `nofx token list` for the token's repositories."


class NotReviewedError(ConflictError):
    """A pull request is in no state to be reviewed."""

    message = "{repository}#{pull} is not reviewed: {reason}."
    hint = "Open it, or mark it as ready for review, and ask again."


class AppNotInstalledError(NotFoundError):
    """The App is not installed on the repository."""

    message = "The App is not installed on {repository}."
    hint = "Install it there first: the App's page, Install App."


class TooManyDryRunsError(NofxError):
    """A repository has asked for too many dry runs: HTTP 429."""

    message = "{repository} has had {most} dry runs within an hour."
    hint = "Wait for a while: the oldest of them counts until an hour is over."


class DryRunEndedError(ConflictError):
    """A dry run ended without a report."""

    message = "The dry run {run_id} ended as {status}: {reason}."
    hint = "Look at `nofx runs show {run_id}`, then run the workflow again."
