"""What GitHub can tell us that nofx acts on: one frozen type an event."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryEvent:
    """Something happened in a repository; `sender` is the login of who did it.

    `installation_id` is None for a webhook that is not the App's own.
    """

    installation_id: int | None
    repository: str
    repository_id: int
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestEvent(RepositoryEvent):
    """A pull request as it was when the event left GitHub; it may have moved since.

    `head_repository` is None when the fork is gone, another name when it is a fork.
    """

    number: int
    title: str
    author: str
    draft: bool
    head_sha: str
    head_ref: str
    head_repository: str | None
    base_sha: str
    base_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestOpened(PullRequestEvent):
    """A pull request was opened, maybe as a draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestSynchronized(PullRequestEvent):
    """Commits were pushed, or the branch was rewritten; `before` is the old head."""

    before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestReopened(PullRequestEvent):
    """A closed pull request was opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestReady(PullRequestEvent):
    """A draft was marked ready for review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestRebased(PullRequestEvent):
    """The pull request was pointed at another base branch; `old_base_ref` was it."""

    old_base_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestClosed(PullRequestEvent):
    """A pull request was closed, by a merge or without."""

    merged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestLabeled(PullRequestEvent):
    """A label was added or removed; `head_sha` was the head at that moment.

    `by_person` is False when a program did it, whoever told it to.
    """

    label: str
    added: bool
    by_person: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEvent(RepositoryEvent):
    """Somebody asked something of a check of ours.

    `numbers` are the pull requests whose head it is; from a fork GitHub names none, and
    then only `head_sha` tells.
    """

    head_sha: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRunRerequested(CheckEvent):
    """The button Re-run was pressed on one check run."""

    check_run_id: int
    external_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRunActionRequested(CheckEvent):
    """A button that we put on a check run was pressed; `identifier` is its name."""

    check_run_id: int
    external_id: str | None
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSuiteRerequested(CheckEvent):
    """All checks of ours on a head were asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentEvent(RepositoryEvent):
    """Somebody wrote on a pull request; `association` is GitHub's word, as MEMBER.

    `written_at` is cut to seconds, and None when GitHub does not say.
    """

    number: int
    comment_id: int
    body: str
    author: str
    association: str
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCommentCreated(CommentEvent):
    """A comment in the conversation of a pull request; `closed` is the pull's state."""

    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCommentCreated(CommentEvent):
    """A comment on a line; `in_reply_to` is the thread's first comment, if not it."""

    path: str
    in_reply_to: int | None
    head_sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadEvent(RepositoryEvent):
    """A review thread was settled or opened again; `comment_ids` oldest first."""

    number: int
    head_sha: str
    thread_id: str
    comment_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadResolved(ThreadEvent):
    """A review thread was resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadUnresolved(ThreadEvent):
    """A resolved review thread was opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationChanged:
    """The App was installed, removed, suspended, or given other permissions.

    `action` is GitHub's word; `account` the login it is installed on; `repositories`
    are those that GitHub names, which is not always all.
    """

    action: str
    installation_id: int
    account: str
    repositories: tuple[str, ...]
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationRepositoriesChanged:
    """An installation reaches more repositories, or fewer."""

    installation_id: int
    account: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """GitHub asks whether the webhook answers, right after it was made."""

    zen: str | None
    app_id: int | None


PullRequestChange = (
    PullRequestOpened
    | PullRequestSynchronized
    | PullRequestReopened
    | PullRequestReady
    | PullRequestRebased
    | PullRequestClosed
    | PullRequestLabeled
)
CheckRequest = CheckRunRerequested | CheckRunActionRequested | CheckSuiteRerequested
Event = (
    PullRequestChange
    | CheckRequest
    | IssueCommentCreated
    | ReviewCommentCreated
    | ThreadResolved
    | ThreadUnresolved
    | InstallationChanged
    | InstallationRepositoriesChanged
    | Ping
)
