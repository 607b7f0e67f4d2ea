"""Comparisons of checkpoints and runs as the API shows them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from bot.api.answers.base import Shown
from core.checkpoints.diff.answer import comparison_json, runs_json
from core.checkpoints.diff.comparison import Comparison, RunComparison


class SideDetail(Shown):
    """One of the two checkpoints that are compared."""

    run_id: str
    checkpoint_id: str
    kind: str = Field(description="before, after, gate_failed, branch, merge, manual")
    step: str
    seq: int = Field(description="the entry of the journal in which it stands")
    time: datetime
    digest: str = Field(description="the SHA-256 of the state's canonical JSON")
    pipeline: str
    redacted: bool = Field(description="whether its state is gone, but for the digest")


class ChangeDetail(Shown):
    """One difference for people; a side that holds nothing there has no field."""

    path: str = Field(
        description="a JSON pointer (RFC 6901) into the later state; into the earlier"
        " one for what was removed"
    )
    kind: Literal["added", "removed", "changed", "moved"]
    before: Any = None
    after: Any = None
    from_: str = Field(alias="from", description="where it was before it moved")
    text: str = Field(description="a unified diff, where both are texts of lines")
    noise: bool = Field(
        description="whether it means nothing, as a time that was taken"
    )
    redacted: bool = Field(description="whether only the fact of a change is known")

    @model_serializer(mode="wrap")
    def _without_absent(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        shown: dict[str, Any] = dump(self)
        absent = {"before", "after"} - self.model_fields_set
        return {key: shown[key] for key in shown if key not in absent}


class ArtifactName(Shown):
    """Something large that a state names."""

    digest: str
    size: int | None = Field(description="in bytes, null where unknown")
    lost: str = Field(description="why its bytes cannot be shown; else empty")


class ArtifactDetail(Shown):
    """What differs in an artifact that both states name, or one of them."""

    name: str
    path: str = Field(description="where the states name it")
    form: Literal["text", "json", "binary", "unknown"]
    before: ArtifactName | None
    after: ArtifactName | None
    text: str = Field(description="a unified diff of texts")
    counts: dict[str, int]
    changes: list[ChangeDetail] = Field(
        description="of two JSON values, with pointers into the artifact"
    )
    noise: bool = Field(description="whether nothing but noise differs in it")
    truncated: list[str]


class DiffDetail(Shown):
    """What differs between two checkpoints."""

    before: SideDetail
    after: SideDetail
    same: bool = Field(description="whether the states are the same in every bit")
    counts: dict[str, int] = Field(
        description="how many changes there are of each kind, and how many of noise,"
        " also of those that were left out"
    )
    operations: list[dict[str, Any]] = Field(
        description="an RFC 6902 patch with tests, from the one state to the other;"
        " empty where `truncated` says that there are too many"
    )
    changes: list[ChangeDetail]
    artifacts: list[ArtifactDetail]
    notes: list[str] = Field(description="what a reader must know beside it")
    truncated: list[str] = Field(description="what was left out, and why")

    @classmethod
    def of(cls, found: Comparison) -> "DiffDetail":
        """Return a comparison as the API shows it."""
        return cls.model_validate(comparison_json(found))


class StepDiff(Shown):
    """How one step came out in two runs, by the states behind it."""

    step: str
    status: Literal["same", "differs", "only_before", "only_after", "unknown"]
    before: SideDetail | None
    after: SideDetail | None
    changes: int = Field(description="how many differences mean something")
    noise: int


class RunDiffDetail(Shown):
    """What two runs did differently, step by step."""

    before: str
    after: str
    same: bool = Field(
        description="whether both did the same steps, and nothing but noise differs"
    )
    steps: list[StepDiff]
    first: DiffDetail | None = Field(
        description="the first step that came out differently, in full"
    )
    notes: list[str]

    @classmethod
    def of(cls, found: RunComparison) -> "RunDiffDetail":
        """Return a comparison as the API shows it."""
        return cls.model_validate(runs_json(found))
