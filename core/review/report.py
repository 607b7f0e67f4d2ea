"""What a review says at its end: coverage, verdict, findings and cost, as one value."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.review.findings import Finding
from core.review.reviewer import Usage

Count = Annotated[int, Field(ge=0)]


class CoverageState(StrEnum):
    """How much of the change was read."""

    REVIEWED = "reviewed"
    PARTIAL = "partial"
    NOT_REVIEWED = "not_reviewed"


class Conclusion(StrEnum):
    """GitHub's conclusions of a check run, save `stale`, which is GitHub's own."""

    SUCCESS = "success"
    NEUTRAL = "neutral"
    FAILURE = "failure"
    ACTION_REQUIRED = "action_required"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"


class Unread(BaseModel):
    """A part of the change that nobody read, and why.

    `hunks` are the hunks' numbers in the file, as in a hunk's id; empty means the
    whole file. Without a `path` it is the whole change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None = None
    hunks: tuple[Count, ...] = ()
    reason: Annotated[str, Field(min_length=1)]


class Coverage(BaseModel):
    """How many hunks were read of how many, and the reason for each that was not.

    `excluded` are files that the repository's own configuration leaves out of review;
    their hunks are not counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: CoverageState
    hunks_total: Count
    hunks_reviewed: Count
    reasons: tuple[Unread, ...] = ()
    excluded: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _claims_only_what_was_read(self) -> Self:
        if self.hunks_reviewed > self.hunks_total:
            raise ValueError("more hunks were reviewed than there are")
        if self.state is CoverageState.REVIEWED:
            if self.reasons or self.hunks_reviewed < self.hunks_total:
                raise ValueError("a reviewed change has no unread part")
        elif not self.reasons:
            raise ValueError(f"{self.state.value} coverage needs a reason")
        if self.state is CoverageState.NOT_REVIEWED and self.hunks_reviewed:
            raise ValueError("a change that was not reviewed has no reviewed hunk")
        return self


class Verdict(BaseModel):
    """What the check run concludes, and the sentence that says why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conclusion: Conclusion
    reason: Annotated[str, Field(min_length=1)]


class ReportUsage(BaseModel):
    """Who reviewed and what it cost: tokens, US dollars, seconds, bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str, Field(min_length=1)]
    input_tokens: Count = 0
    output_tokens: Count = 0
    cost_usd: Annotated[float, Field(ge=0)] = 0.0
    wall_seconds: Annotated[float, Field(ge=0)] = 0.0
    cpu_seconds: Annotated[float, Field(ge=0)] = 0.0
    peak_memory_bytes: Count = 0

    @classmethod
    def of(cls, model: str, usage: Usage) -> Self:
        """Put the name of the reviewer beside what its review cost."""
        return cls(model=model, **asdict(usage))

    @property
    def usage(self) -> Usage:
        """Return what it cost, without the name."""
        return Usage(**self.model_dump(exclude={"model"}))


class FileChange(BaseModel):
    """What changes in one file, in one sentence of a language model's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    change: Annotated[str, Field(min_length=1)]


class ReviewReport(BaseModel):
    """The whole answer to one change, in the JSON shape that nofx publishes.

    `configuration` says what is wrong with the repository's configuration, by sentence;
    `walkthrough` what changes, file by file, as far as a language model said it.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_serialization_defaults_required=True
    )

    run_id: Annotated[str, Field(min_length=1)]
    coverage: Coverage
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    usage: ReportUsage
    configuration: tuple[str, ...] = ()
    walkthrough: tuple[FileChange, ...] = ()

    @model_validator(mode="after")
    def _unread_is_never_green(self) -> Self:
        green = self.verdict.conclusion is Conclusion.SUCCESS
        if green and self.coverage.state is not CoverageState.REVIEWED:
            raise ValueError("a change that was not read whole cannot succeed")
        return self


def group_unread(unread: Mapping[str, str]) -> tuple[Unread, ...]:
    """Turn hunk ids with their reasons into one entry a file and reason.

    Keys are ids as `Hunk.id` gives them, `path:index`; files keep the order of first
    mention. Raises ValueError on an id of another shape.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for hunk_id, reason in unread.items():
        path, _, index = hunk_id.rpartition(":")
        groups.setdefault((path, reason), []).append(int(index))
    return tuple(
        Unread(path=path, hunks=tuple(sorted(indexes)), reason=reason)
        for (path, reason), indexes in groups.items()
    )
