"""The words that options choose from; light, so that help comes at once."""

from enum import StrEnum


class FailOn(StrEnum):
    """The least severity of a finding that makes the exit code 1."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    NEVER = "never"


class ListFormat(StrEnum):
    """The forms of a list of facts."""

    TEXT = "text"
    JSON = "json"


class DiffFormat(StrEnum):
    """The forms of a difference; `patch` is RFC 6902, of checkpoints alone."""

    TEXT = "text"
    JSON = "json"
    PATCH = "patch"
    MARKDOWN = "markdown"
    HTML = "html"
