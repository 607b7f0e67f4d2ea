"""The names of the forms of a review; light, so that help comes at once."""

from enum import StrEnum


class Format(StrEnum):
    """The forms of a review; `github` is workflow commands that become annotations."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    GITHUB = "github"
