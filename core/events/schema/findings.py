"""What happens to findings, from proposal to comment and on: one type a row."""

from typing import ClassVar, Literal

from core.events.base import JSON, Move, Payload


class FindingMove(Move):
    """A finding moves; `subject` is its fingerprint.

    `severity` is how much it matters; empty in events from before it was told.
    """

    machine: ClassVar[str] = "finding"
    severity: str = ""


class FindingProposed(FindingMove):
    """A reviewer made a remark; `finding` is the whole of it."""

    transitions: ClassVar[frozenset[str]] = frozenset({"propose"})
    type: Literal["finding.proposed"] = "finding.proposed"
    finding: JSON


class FindingVerified(FindingMove):
    """A finding passed every check of its content."""

    transitions: ClassVar[frozenset[str]] = frozenset({"verify"})
    type: Literal["finding.verified"] = "finding.verified"


class FindingFiltered(FindingMove):
    """A check put the finding aside; it can still be looked at."""

    transitions: ClassVar[frozenset[str]] = frozenset({"filter"})
    type: Literal["finding.filtered"] = "finding.filtered"
    reason: str


class FindingAnchored(FindingMove):
    """The finding has a line of the diff on which GitHub can show it."""

    transitions: ClassVar[frozenset[str]] = frozenset({"anchor"})
    type: Literal["finding.anchored"] = "finding.anchored"


class FindingUnanchored(FindingMove):
    """The finding has no line of the diff to stand on."""

    transitions: ClassVar[frozenset[str]] = frozenset({"unanchor"})
    type: Literal["finding.unanchored"] = "finding.unanchored"
    reason: str


class FindingPosted(FindingMove):
    """GitHub shows the finding as a comment on its line."""

    transitions: ClassVar[frozenset[str]] = frozenset({"post"})
    type: Literal["finding.posted"] = "finding.posted"
    comment_id: int


class FindingDemoted(FindingMove):
    """The finding has a line, but for this reason no comment on it."""

    transitions: ClassVar[frozenset[str]] = frozenset({"demote"})
    type: Literal["finding.demoted"] = "finding.demoted"
    reason: str


class FindingSummarised(FindingMove):
    """The summary tells of the finding, for it has no comment of its own."""

    transitions: ClassVar[frozenset[str]] = frozenset({"summarise"})
    type: Literal["finding.summarised"] = "finding.summarised"
    reason: str = ""


class FindingAddressed(FindingMove):
    """The finding is gone with the code it was about, or `actor` says it is done with.

    `head_sha` is the commit that was looked at, `run_id` the run that did.
    """

    transitions: ClassVar[frozenset[str]] = frozenset({"address"})
    type: Literal["finding.addressed"] = "finding.addressed"
    reason: str = ""
    actor: str | None = None
    run_id: str = ""
    head_sha: str = ""


class FindingDisputed(FindingMove):
    """A person says that the finding is wrong."""

    transitions: ClassVar[frozenset[str]] = frozenset({"dispute"})
    type: Literal["finding.disputed"] = "finding.disputed"
    actor: str
    reason: str = ""


class FindingDismissed(FindingMove):
    """A person put the finding aside."""

    transitions: ClassVar[frozenset[str]] = frozenset({"dismiss"})
    type: Literal["finding.dismissed"] = "finding.dismissed"
    actor: str
    reason: str = ""


class FindingWaived(FindingMove):
    """A person lets the change pass although the finding is right.

    `run_id` is the run of which a gate was waived for it.
    """

    transitions: ClassVar[frozenset[str]] = frozenset({"waive"})
    type: Literal["finding.waived"] = "finding.waived"
    actor: str
    reason: str = ""
    run_id: str = ""


class FindingOutdated(FindingMove):
    """The code that the finding is about is no longer there."""

    transitions: ClassVar[frozenset[str]] = frozenset({"outdate"})
    type: Literal["finding.outdated"] = "finding.outdated"
    reason: str = ""
    run_id: str = ""
    head_sha: str = ""


class FindingTracked(Payload):
    """The ledger of a pull request knows a finding from now on, or anew.

    `state` is where the run left it: posted with `comment_id`, or summarised. `code` is
    the text of its lines, `by_model` whether a language model found it. `life` counts
    how often it has come, from 1: one that was gone may come back.
    """

    type: Literal["finding.tracked"] = "finding.tracked"
    subject: str
    state: Literal["posted", "summarised"]
    finding: JSON
    code: str = ""
    by_model: bool = False
    comment_id: int | None = None
    life: int = 1
    run_id: str = ""
    head_sha: str = ""


class FindingNoted(Payload):
    """What the ledger learnt of a finding that stays where it stands.

    Only what is new is not null: its lines at `head_sha`, its comment, the thumbs under
    that, the id of a person's reply, whether its thread is resolved. `note` says why it
    is still open although this review did not make the remark, empty when it did.
    """

    type: Literal["finding.noted"] = "finding.noted"
    subject: str
    run_id: str = ""
    head_sha: str = ""
    start_line: int | None = None
    line: int | None = None
    comment_id: int | None = None
    note: str | None = None
    up: int | None = None
    down: int | None = None
    reply: int | None = None
    resolved: bool | None = None
    actor: str = ""


class FindingJudged(FindingMove):
    """Told, before they had types of their own, of a finding's checks; only read now.

    Its rows stay: the database looks at an old entry again when its state is erased.
    """

    transitions: ClassVar[frozenset[str]] = frozenset(
        {"verify", "filter", "anchor", "unanchor"}
    )
    type: Literal["finding.judged"] = "finding.judged"
    reason: str = ""


class FindingPublished(FindingMove):
    """Told, before it had types of its own, of what GitHub shows; only read now.

    Its rows stay: the database looks at an old entry again when its state is erased.
    """

    transitions: ClassVar[frozenset[str]] = frozenset({"post", "demote", "summarise"})
    type: Literal["finding.published"] = "finding.published"
    comment_id: int | None = None
    reason: str = ""
