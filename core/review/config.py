"""What `.github/nofx.yml` on the base branch may say of reviews: values alone.

Every field has the default that holds where the file is silent. The JSON Schema that is
published is made from these classes.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.review.findings import Severity
from core.review.globs import checked

FILE = ".github/nofx.yml"
Glob = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(checked)]
Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(min_length=1, max_length=4000)]
Label = Annotated[str, Field(min_length=1, max_length=50)]
MOST = 200
Partial = Literal["neutral", "failure", "action_required"]


class Section(BaseModel):
    """A part of the file; what it does not know is no part of it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class Model(Section):
    """Who reviews."""

    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """`rules`, or a model that the service offers; without it the service's own."""


class Thresholds(Section):
    """What a finding needs to be shown at all."""

    severity: Severity = Severity.INFO
    """The least severity."""
    confidence: Share = 0.0
    """The least confidence, from 0 to 1."""


class Paths(Section):
    """Which files are reviewed: globs as in .gitignore, from the repository's root."""

    include: Annotated[tuple[Glob, ...], Field(max_length=MOST)] = ("**",)
    """Only these files are reviewed."""
    exclude: Annotated[tuple[Glob, ...], Field(max_length=MOST)] = ()
    """These files are not, even if they are included."""


class PathInstructions(Section):
    """What a model is told about the files that a glob matches."""

    path: Glob
    """A glob as in .gitignore, from the repository's root."""
    instructions: Words
    """What a model is to look for in these files."""


class ApprovalFor(Section):
    """Which changes a person must approve, whatever the review says."""

    paths: Annotated[tuple[Glob, ...], Field(max_length=MOST)] = ()
    """Changes of any of these files."""
    changed_lines: Annotated[int, Field(ge=1)] | None = None
    """Changes that add and remove more lines than this."""
    forks: bool = False
    """Changes that come from a fork."""


class Gate(Section):
    """What makes the check fail, and what it waits for."""

    fail_on: Severity | None = None
    """Findings this severe or worse fail the check; without it the service decides."""
    partial: Partial = "neutral"
    """The check's conclusion where not everything was reviewed, which is never green.
    `action_required` asks a person."""
    require_approval_for: ApprovalFor = ApprovalFor()


class Spending(Section):
    """The most that one review may cost; the service's own limit holds as well."""

    tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens in and out."""
    usd: Annotated[float, Field(gt=0)] | None = None
    """US dollars."""


class AllowedCommands(Section):
    """Which commands people may give here."""

    allow: Annotated[tuple[Label, ...], Field(max_length=MOST)] | None = None
    """Verbs such as `rerun`; without it all of them, and `help` always."""


class Labels(Section):
    """Labels that steer reviews of a pull request."""

    skip: Annotated[tuple[Label, ...], Field(max_length=MOST)] = ()
    """A pull request with one of these is not reviewed, unless a person asks."""
    require: Annotated[tuple[Label, ...], Field(max_length=MOST)] = ()
    """Only a pull request with one of these is reviewed, unless a person asks."""
    approve: Label = "nofx:approved"
    """Who may write approves a commit by adding this label while it is the newest."""


class ReviewConfig(Section):
    """`.github/nofx.yml`: what the base branch says of reviews."""

    review: Model = Model()
    thresholds: Thresholds = Thresholds()
    paths: Paths = Paths()
    path_instructions: Annotated[
        tuple[PathInstructions, ...], Field(max_length=MOST)
    ] = ()
    """What a model is told beside its own orders, by path."""
    max_comments: Annotated[int, Field(ge=0, le=30)] = 30
    """The most comments on lines; the rest of the findings is in the summary."""
    gate: Gate = Gate()
    budget: Spending = Spending()
    commands: AllowedCommands = AllowedCommands()
    incremental: bool = True
    """Whether what was reviewed before, and is as it was, is not reviewed again."""
    drafts: bool = False
    """Whether drafts are reviewed before a person asks for it."""
    labels: Labels = Labels()


def published_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ReviewConfig.model_json_schema(),
    }
