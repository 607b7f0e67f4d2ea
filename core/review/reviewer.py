"""The port behind which every reviewer stands: hosted models, local ones, rules."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Protocol

from core.errors import NofxError
from core.review.config import ReviewConfig
from core.review.findings import Finding, Proposal
from core.review.hunks import Diff

Read = Callable[[int], Awaitable[None]]


async def unwatched(_: int) -> None:
    """Take no notice of how many files have been read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A secret that stands in a file at the head, from line to line, and not its value.

    `rule` is the id of the rule that found it, `name` says what it is.
    """

    path: str
    start: int
    end: int
    rule: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """What somebody with write access wants of reviews: data to weigh, not an order.

    `scope` is `pull` or `repository`, `set_by` a login.
    """

    name: str
    value: str
    why: str
    set_by: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a review cost: tokens, US dollars, seconds, and children's resources."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0

    @property
    def tokens(self) -> int:
        """Return how many went in and out."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: "Usage") -> "Usage":
        """Return both together; the peak of memory is that of the larger."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=self.cost_usd + other.cost_usd,
            wall_seconds=self.wall_seconds + other.wall_seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            peak_memory_bytes=max(self.peak_memory_bytes, other.peak_memory_bytes),
        )

    @classmethod
    def together(cls, usages: Iterable["Usage"]) -> "Usage":
        """Return all of them as one."""
        return reduce(cls.plus, usages, cls())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequest:
    """What a reviewer sees: the diff and the changed files as they are at the head.

    Secrets are masked in all of it; `sightings` say where some were.
    `read` is to be told how many of the diff's files have been read so far.
    `files` maps a path to its bytes; a file that is binary, removed or too large to
    fetch is absent. `title` and `description` are the pull request's, untrusted.
    `preferences` were remembered for it; a prompt quotes them as data. `config` is what
    the base branch says of reviews, `remarks` what analyzers said of this change.
    `spent` is what this review has cost already, which a budget takes into account.
    """

    repository: str
    title: str
    description: str
    diff: Diff
    files: Mapping[str, bytes]
    read: Read = unwatched
    sightings: tuple[Sighting, ...] = ()
    preferences: tuple[Preferred, ...] = ()
    config: ReviewConfig = field(default_factory=ReviewConfig)
    remarks: tuple[Proposal, ...] = ()
    spent: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What went to a language model and came back, word for word.

    `repairs` tell what had to be mended in `raw` before it could be read. The bytes are
    those of the service's requests and answers.
    """

    prompt: str
    raw: str
    repairs: tuple[str, ...] = ()
    bytes_sent: int = 0
    bytes_received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAnswer:
    """What a reviewer says, and which hunks it did not read and why.

    `unread` maps a hunk's id (`path:index`, as `Hunk.id` gives it) to a reason a person
    understands. Whatever is not in it was read. `changes` maps paths to a sentence on
    what changes there. `said` is there when a model was asked, `broken_off` when some
    error kept it from the rest, which may be asked for again.
    """

    proposals: tuple[Proposal, ...]
    changes: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    said: Said | None = None
    broken_off: NofxError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a second look at findings came to.

    `refuted` maps a fingerprint to the reason why its finding does not hold, `joined`
    to the fingerprint of the finding that says the same. What is in neither stands.
    Of those, `unsure` maps to the reason for a doubt, which lowers nothing, and
    `unseen` to the reason why nobody took a second look. `broken_off` is there when
    some were answered, and an outage left the rest unseen.
    """

    refuted: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, str] = field(default_factory=dict)
    unsure: Mapping[str, str] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    said: Said | None = None
    broken_off: NofxError | None = None


class ReviewModel(Protocol):
    """Reads a change and proposes findings; it has no tools and no credentials."""

    @property
    def name(self) -> str:
        """Return the adapter and model, for example `rules`."""
        ...

    @property
    def version(self) -> str:
        """Return what else its answers depend on: prompt, programs, their versions."""
        ...

    @property
    def is_model(self) -> bool:
        """Return False when no language model reads the code, so that it is said."""
        ...

    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        """Read the change; raises UnavailableError when the reviewer is away."""
        ...

    async def verify(
        self, request: ReviewRequest, findings: Sequence[Finding]
    ) -> Verification:
        """Try to refute findings from the code; raises as `review` does.

        A reviewer that is certain of what it says looks at nothing again.
        """
        return Verification()
