"""What GitHub tells us, as frozen values; only the fields that nofx uses.

Answers are read leniently: unknown fields are ignored and an absent text is empty,
but an answer without the fields that name a thing is refused.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import AliasPath, BeforeValidator, Field, TypeAdapter, ValidationError

from core.errors import GitHubUnavailableError

Value = TypeVar("Value")


def _names(listed: object) -> tuple[object, ...]:
    """Return the names in GitHub's list of labels; an absent list is empty."""
    labels = listed if isinstance(listed, list) else ()
    return tuple(one.get("name") for one in labels if isinstance(one, dict))


Text = Annotated[str, BeforeValidator(lambda value: value or "")]
Author = Annotated[Text, Field(validation_alias=AliasPath("user", "login"))]
GHOST = "ghost"


def decode(kind: type[Value], data: object, path: str) -> Value:
    """Return `data` as a value; raises GitHubUnavailableError when it is none."""
    try:
        value: Value = _adapter(kind).validate_python(data)  # type: ignore[arg-type]  # mypy: classes do hash
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise GitHubUnavailableError(
            method="GET", path=path, reason=f"{where}: {first['msg']}"
        ) from None
    return value


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppIdentity:
    """The App as GitHub knows it."""

    id: int
    slug: str
    name: Text = ""
    html_url: Text = ""
    permissions: dict[str, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()

    @property
    def bot_login(self) -> str:
        """Return the login under which the App writes comments."""
        return f"{self.slug}[bot]"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationRef:
    """The number of an installation."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request; `head_repo` is None when the fork is gone."""

    number: int
    title: Text = ""
    body: Text = ""
    state: str = "open"
    draft: bool = False
    merged: bool = False
    head_sha: Annotated[str, Field(validation_alias=AliasPath("head", "sha"))]
    head_ref: Annotated[str, Field(validation_alias=AliasPath("head", "ref"))]
    head_repo: Annotated[
        str | None, Field(validation_alias=AliasPath("head", "repo", "full_name"))
    ] = None
    base_sha: Annotated[str, Field(validation_alias=AliasPath("base", "sha"))]
    base_ref: Annotated[str, Field(validation_alias=AliasPath("base", "ref"))]
    base_repo: Annotated[
        str | None, Field(validation_alias=AliasPath("base", "repo", "full_name"))
    ] = None
    base_repo_id: Annotated[
        int | None, Field(validation_alias=AliasPath("base", "repo", "id"))
    ] = None
    author: Author = GHOST
    html_url: Text = ""
    labels: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()

    @property
    def is_fork(self) -> bool:
        """Return True unless the head is certain to be in the base's repository."""
        return self.head_repo is None or self.head_repo != self.base_repo


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """A check run; `annotations_count` says how many annotations have arrived."""

    id: int
    status: str
    conclusion: str | None = None
    external_id: Text = ""
    html_url: Text = ""
    head_sha: Text = ""
    name: Text = ""
    app_id: Annotated[int | None, Field(validation_alias=AliasPath("app", "id"))] = None
    annotations_count: Annotated[
        int, Field(validation_alias=AliasPath("output", "annotations_count"))
    ] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueComment:
    """A comment in a pull request's conversation."""

    id: int
    body: Text = ""
    author: Author = GHOST
    html_url: Text = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbs:
    """How many people put a thumb under a comment, up and down."""

    up: Annotated[int, Field(validation_alias="+1")] = 0
    down: Annotated[int, Field(validation_alias="-1")] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewComment:
    """A comment on a line; `line` is None when outdated or listed under a review."""

    id: int
    body: Text = ""
    author: Author = GHOST
    html_url: Text = ""
    path: Text = ""
    side: str | None = None
    line: int | None = None
    start_line: int | None = None
    commit_sha: Annotated[Text, Field(validation_alias="commit_id")] = ""
    review_id: Annotated[
        int | None, Field(validation_alias="pull_request_review_id")
    ] = None
    in_reply_to: Annotated[int | None, Field(validation_alias="in_reply_to_id")] = None
    thumbs: Annotated[Thumbs, Field(validation_alias="reactions")] = Thumbs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review; `state` is GitHub's: PENDING, COMMENTED, APPROVED, …."""

    id: int
    body: Text = ""
    state: str = ""
    author: Author = GHOST
    html_url: Text = ""
    commit_sha: Annotated[Text, Field(validation_alias="commit_id")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A file in GitHub's list of changes; `patch` is None where GitHub sends none."""

    path: Annotated[str, Field(validation_alias="filename")]
    status: str
    additions: int = 0
    deletions: int = 0
    patch: str | None = None
    old_path: Annotated[str | None, Field(validation_alias="previous_filename")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryPermission:
    """A person's permission, in the old words and as the role's name."""

    permission: Text = "none"
    role_name: Text = ""
