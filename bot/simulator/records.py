"""What the simulator remembers: the state itself, so these records do change."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.simulator.answers import Json
from bot.simulator.diffs import FileDiff
from bot.simulator.git import Git


@dataclass(slots=True, kw_only=True)
class App:
    """A registered GitHub App; `events` are what it subscribed to."""

    id: int
    slug: str
    owner: str
    client_id: str
    client_secret: str
    private_key: str
    public_key: str
    webhook_url: str | None
    webhook_secret: str
    permissions: dict[str, str]
    events: tuple[str, ...]
    created_at: datetime
    setup_url: str | None = None

    @property
    def login(self) -> str:
        """Return the name of the App's bot user."""
        return f"{self.slug}[bot]"


@dataclass(slots=True, kw_only=True)
class Installation:
    """An App on an account; `repositories` are `owner/name`."""

    id: int
    app: App
    account: str
    repositories: list[str]
    permissions: dict[str, str]
    created_at: datetime


@dataclass(slots=True, kw_only=True)
class Token:
    """An installation's access token and what it may do until `expires_at`."""

    value: str
    installation: Installation
    permissions: dict[str, str]
    repositories: tuple[str, ...]
    expires_at: datetime
    narrowed: bool = False


@dataclass(slots=True, kw_only=True)
class Reaction:
    """One person's emoji on a comment."""

    id: int
    user: str
    content: str
    created_at: datetime


@dataclass(slots=True, kw_only=True)
class IssueComment:
    """A comment in a pull request's conversation."""

    id: int
    number: int
    user: str
    body: str
    created_at: datetime
    updated_at: datetime
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Review:
    """A review; PENDING until it is submitted."""

    id: int
    number: int
    user: str
    body: str
    state: str
    commit_id: str
    submitted_at: datetime | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Thread:
    """A conversation at one place of the diff."""

    id: int
    number: int
    resolved_by: str | None = None


@dataclass(slots=True, kw_only=True)
class Place:
    """Where in a diff a comment stands; `line` None means the whole file."""

    path: str
    side: str = "RIGHT"
    line: int | None = None
    start_side: str | None = None
    start_line: int | None = None


@dataclass(slots=True, kw_only=True)
class ReviewComment:
    """A comment on the diff; `place` is None once the code it stood on is gone."""

    id: int
    number: int
    review_id: int
    thread: Thread
    user: str
    body: str
    original: Place
    place: Place | None
    commit_id: str
    original_commit_id: str
    original_base: str
    diff_hunk: str
    position: int | None
    original_position: int | None
    created_at: datetime
    updated_at: datetime
    in_reply_to: int | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Pull:
    """A pull request; `base_sha` is the base branch's tip, `merge_base` the diff's."""

    id: int
    number: int
    title: str
    body: str | None
    user: str
    base_ref: str
    base_sha: str
    head_ref: str
    head_sha: str
    merge_base: str
    files: tuple[FileDiff, ...]
    commits: tuple[str, ...]
    draft: bool
    created_at: datetime
    updated_at: datetime
    fork: str | None = None
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    known_commits: set[str] = field(default_factory=set)
    reviews: list[Review] = field(default_factory=list)
    review_comments: list[ReviewComment] = field(default_factory=list)
    comments: list[IssueComment] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Return open or closed."""
        return "closed" if self.closed_at else "open"


@dataclass(slots=True, kw_only=True)
class Suite:
    """An App's check suite on one commit."""

    id: int
    app: App
    head_sha: str
    created_at: datetime


@dataclass(slots=True, kw_only=True)
class CheckRun:
    """A check run and every (status, conclusion, title) that it went through."""

    id: int
    suite: Suite
    name: str
    status: str
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None
    details_url: str | None
    external_id: str
    output: Json
    actions: list[Json]
    annotations: list[Json]
    history: list[tuple[str, str | None, str | None]]


@dataclass(slots=True, kw_only=True)
class Repository:
    """A repository over a real git folder; `permissions` maps a login to its role."""

    id: int
    full_name: str
    git: Git
    default_branch: str
    private: bool
    permissions: dict[str, str]
    created_at: datetime
    pulls: dict[int, Pull] = field(default_factory=dict)
    suites: list[Suite] = field(default_factory=list)
    checks: dict[int, CheckRun] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """Return the account that the repository belongs to."""
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        """Return the repository's name without its owner."""
        return self.full_name.partition("/")[2]


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver a webhook, as the App's owner can list it."""

    id: int
    guid: str
    app: App
    event: str
    payload: Json
    delivered_at: datetime
    redelivery: bool
    duration: float
    status_code: int
    status: str
    request_headers: dict[str, str]
    response_headers: dict[str, str]
    response_body: str
