"""What `.github/nofx.yml` on the base branch may say of reviews: values alone.

Every field has the default that holds where the file is silent. The JSON Schema that is
published is made from these classes.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.review.findings import Severity

Glob = Annotated[str, Field(min_length=1, max_length=500)]
Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(min_length=1, max_length=4000)]
MOST = 200


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(_Section):
    """Which model reviews; None is the service's own."""

    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class Thresholds(_Section):
    """What a finding needs to be shown at all."""

    severity: Severity = Severity.INFO
    confidence: Share = 0.0


class Paths(_Section):
    """Which files are reviewed, as globs from the root; `exclude` wins."""

    include: Annotated[tuple[Glob, ...], Field(max_length=MOST)] = ("**",)
    exclude: Annotated[tuple[Glob, ...], Field(max_length=MOST)] = ()


class PathInstructions(_Section):
    """What a model is told about the files that a glob matches."""

    path: Glob
    instructions: Words


class ApprovalFor(_Section):
    """Which changes a person must approve, whatever the review says."""

    paths: Annotated[tuple[Glob, ...], Field(max_length=MOST)] = ()
    changed_lines: Annotated[int, Field(ge=1)] | None = None
    forks: bool = False


class Gate(_Section):
    """What makes the check fail, and what it waits for."""

    fail_on: Severity | None = None
    partial: Literal["neutral", "failure", "action_required"] = "neutral"
    require_approval_for: ApprovalFor = ApprovalFor()


class Spending(_Section):
    """The most that one review may cost; the service's own limit holds as well."""

    tokens: Annotated[int, Field(ge=1)] | None = None
    usd: Annotated[float, Field(gt=0)] | None = None


class AllowedCommands(_Section):
    """Which commands people may give here; None is all of them."""

    allow: tuple[str, ...] | None = None


class Labels(_Section):
    """Labels that steer reviews of a pull request."""

    skip: tuple[str, ...] = ()
    require: tuple[str, ...] = ()


class ReviewConfig(_Section):
    """The whole file."""

    review: Model = Model()
    thresholds: Thresholds = Thresholds()
    paths: Paths = Paths()
    path_instructions: Annotated[
        tuple[PathInstructions, ...], Field(max_length=MOST)
    ] = ()
    max_comments: Annotated[int, Field(ge=0, le=30)] = 30
    gate: Gate = Gate()
    budget: Spending = Spending()
    commands: AllowedCommands = AllowedCommands()
    incremental: bool = True
    drafts: bool = False
    labels: Labels = Labels()
