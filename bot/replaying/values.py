"""What a replay answers, and the parts of a state on which decisions rest."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.review.config import ReviewConfig
from core.review.findings import Severity
from core.review.ledger.rules import NO_STANDING, Standing
from core.review.report import ReportUsage
from core.review.verify import MOST_COMMENTS

Found = Literal["same", "different", "left out"]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One decision: whether it came out as recorded, and in words what was compared.

    `recorded` and `again` are the first difference; `verdict` says that a run's verdict
    rests on this decision.
    """

    name: str
    found: Found
    words: str
    recorded: str = ""
    again: str = ""
    verdict: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Every decision in order."""

    run_id: str
    status: str
    conclusion: str | None
    answers: tuple[Answer, ...]

    @property
    def difference(self) -> Answer | None:
        """Return the first decision that came out otherwise."""
        return next((one for one in self.answers if one.found == "different"), None)

    @property
    def left_out(self) -> tuple[Answer, ...]:
        """Return what could not be decided again."""
        return tuple(one for one in self.answers if one.found == "left out")

    @property
    def same(self) -> bool:
        """Return whether all that a verdict rests on was decided again, and alike."""
        return self.difference is None and not any(one.verdict for one in self.left_out)


class DecidedPolicy(BaseModel):
    """What let findings through."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    min_confidence: float
    fail_on: Severity
    # A policy of an older nofx had neither.
    min_severity: Severity = Severity.INFO
    max_comments: int = MOST_COMMENTS


class DecidedGates(BaseModel):
    """What was asked of people, and what a failure stopped."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    approval: bool
    blocking: bool
    asks: tuple[str, ...] = ()


class DecidedModel(BaseModel):
    """Who reviewed."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    name: str
    is_model: bool


class DecidedBy(BaseModel):
    """What a state says decided in it; a state of an older nofx says less."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    policy: DecidedPolicy | None = None
    gates: DecidedGates | None = None
    model: DecidedModel | None = None
    ledger: Standing = NO_STANDING


class Kept(BaseModel):
    """What decisions rest on in a state of the review pipeline."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    diff_blob: str = ""
    proposals_blob: str = ""
    judged_blob: str = ""
    refuted: Pairs = ()
    joined: Pairs = ()
    unsure: Pairs = ()
    unoffered: Pairs = ()
    report_blob: str = ""
    config: ReviewConfig = ReviewConfig()
    config_broken: bool = False
    missing: Pairs = ()
    excluded: tuple[str, ...] = ()
    unread: Pairs = ()
    changes: Pairs = ()
    usage: ReportUsage | None = None
    comments: dict[str, int] = {}  # pydantic copies a default
    summarised: dict[str, str] = {}  # pydantic copies a default
    settled: tuple[str, ...] = ()
    decided_by: DecidedBy = DecidedBy()
