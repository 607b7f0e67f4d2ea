"""What goes wrong with tokens and with who may do what."""

from core.errors.families import (
    InputError,
    NofxError,
    NotFoundError,
    UnavailableError,
)


class TokenMissingError(NofxError):
    """The request shows no token: HTTP 401."""

    message = "This needs a token."
    hint = "Send `Authorization: Bearer nofx_…`; `nofx token create` makes a token."


class TokenRefusedError(NofxError):
    """The token that was shown does not count: HTTP 401."""

    message = "The token was refused: {reason}."
    hint = "`nofx token list` tells which tokens count; `nofx token create` makes one."


class TicketRefusedError(TokenRefusedError):
    """The ticket or cookie that was shown does not count: HTTP 401."""

    message = "The ticket was refused: {reason}."
    hint = "Ask for a new one: POST /events/tickets."


class WorkflowTokenRefusedError(TokenRefusedError):
    """The workflow's token does not count: HTTP 401."""

    message = "The workflow's token was refused: {reason}."
    hint = "Ask {issuer} for one with the audience {audience}, in the job itself."


class WorkflowForbiddenError(NofxError):
    """The workflow may not ask about this: HTTP 403."""

    message = "The workflow may not ask for this: {reason}."
    hint = "Ask from `pull_request` about its own pull request, or from a dispatch."


class SigningKeysUnavailableError(UnavailableError):
    """The keys of an issuer of tokens cannot be had."""

    message = "The signing keys of {issuer} cannot be had: {reason}."
    hint = "Check NOFX_OIDC_ISSUER and the network, and ask again in a minute."


class AudienceMissingError(UnavailableError):
    """Nobody has said for which address workflows' tokens are to be."""

    message = "Workflows cannot ask here: this nofx does not know its own address."
    hint = "Set NOFX_PUBLIC_URL: it is the audience of a workflow's token."


class SetupRefusedError(NofxError):
    """Whoever wants to make the App may not: HTTP 403."""

    message = "The App cannot be made from here: {reason}."
    hint = "Open the link that `nofx setup` printed, as it is, and begin again."


class ForeignFormError(NofxError):
    """The form was not sent from a page of this nofx: HTTP 403."""

    message = "The form was sent from {origin}, which is not this nofx."
    hint = "Open the page here and send it again; behind a proxy set NOFX_PUBLIC_URL."


class ScopeMissingError(NofxError):
    """The token does not allow this: HTTP 403."""

    message = "This needs the scope {needed}; the token has {held}."
    hint = "Use a token with a wider scope: read < operate < supervise < admin."


class TokenNotFoundError(NotFoundError):
    """No token has this prefix."""

    message = "There is no token {prefix}."
    hint = "`nofx token list` shows the prefixes: the eight letters after `nofx_`."


class TokenWishError(InputError):
    """A token cannot be made like this."""

    message = "The token cannot be made: {reason}."
    hint = "See `nofx token create --help`."


class RepositoryPatternError(InputError):
    """A pattern of repositories has another form."""

    message = "{pattern} is not a pattern of repositories."
    hint = "Write `owner/name`, `owner/*`, or `*` for all of them."
