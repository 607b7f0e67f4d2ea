"""What can be wrong with a finding that somebody names."""

from core.errors.families import ConflictError, InputError, NotFoundError


class FindingNotFoundError(NotFoundError):
    """No finding has this id."""

    message = "There is no finding {finding}."
    hint = "List a pull request's findings: each comes with its id."


class FindingMovedError(ConflictError):
    """The finding is at another revision than If-Match names: HTTP 412."""

    message = "Finding {finding} is at revision {revision} now."
    hint = "Read it again and send the ETag of what you decided on."


class FindingUnclearError(InputError):
    """Several findings begin with what was given."""

    message = "{finding} could be {count} findings."
    hint = "Give more of its id."


class FindingUnnamedError(InputError):
    """A command about a finding names none, or gives no reason."""

    message = "It is not said {what}."
    hint = "Write `/nofx {verb} <id> <reason>`; the id stands under each remark."
