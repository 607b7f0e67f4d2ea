"""The values of a comparison: two checkpoints, or two runs step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.checkpoints.diff.model import Change, StateDiff

Form = Literal["text", "json", "binary", "unknown"]
StepStatus = Literal["same", "differs", "only_before", "only_after", "unknown"]
NOISE = "noise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two checkpoints that are compared; `digest` names its state.

    The state of one that is `redacted` is gone, so only its digest can be told.
    """

    run_id: str
    checkpoint_id: str
    kind: str
    step: str
    seq: int
    time: datetime
    digest: str
    pipeline: str
    redacted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """Something large that a state names; `size` is in bytes, None where unknown.

    `lost` says why its bytes cannot be shown, where they cannot.
    """

    digest: str
    size: int | None = None
    lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactDiff:
    """What differs in an artifact that two states name differently.

    `path` is the pointer to its digest in the states. `text` is a unified diff; JSON on
    both sides has `changes` instead, with pointers into the artifact, and `counts` of
    all of them. `unknown` is the form of what could not be read.
    """

    name: str
    path: str
    form: Form
    before: Artifact | None
    after: Artifact | None
    text: str = ""
    changes: tuple[Change, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    truncated: tuple[str, ...] = ()

    @property
    def noise(self) -> bool:
        """Return whether it differs in nothing but noise."""
        return bool(self.counts) and not meaning(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two checkpoints, what differs in their states and in what these name.

    `notes` say what a reader must know beside it: which of two parents was taken, what
    two pipelines share, that a state was redacted.
    """

    before: Side
    after: Side
    state: StateDiff
    artifacts: tuple[ArtifactDiff, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Return whether the two states are the same in every bit."""
        return self.state.same

    @property
    def meaning(self) -> int:
        """Return how many of the differences mean something."""
        return meaning(self.state.counts)

    @property
    def truncated(self) -> tuple[str, ...]:
        """Return what was left out of it, and why."""
        of_artifacts = (
            f"{one.name}: {words}" for one in self.artifacts for words in one.truncated
        )
        return (*self.state.truncated, *of_artifacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepComparison:
    """A step in two runs, by the states behind it; `changes` counts what matters.

    It is `unknown` where a run did not do it itself, and the one that did is not kept.
    """

    step: str
    status: StepStatus
    before: Side | None = None
    after: Side | None = None
    changes: int = 0
    noise: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """Two runs step by step; `first` is the first of the steps that differ, in full."""

    before: str
    after: str
    steps: tuple[StepComparison, ...]
    first: Comparison | None = None
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Return whether both did the same steps, which left states that mean the same.

        Noise does not count.
        """
        return all(one.status == "same" for one in self.steps)


def meaning(counts: Mapping[str, int]) -> int:
    """Return how many of the changes that were counted are not noise."""
    return sum(counts.values()) - counts.get(NOISE, 0)
