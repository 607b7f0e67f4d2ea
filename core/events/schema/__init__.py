"""Every event type of nofx, as one discriminated union."""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from core.events.base import Payload, UnknownEvent
from core.events.schema.audit import AuditContinued, AuditRecorded
from core.events.schema.checkpoints import CheckpointCaptured, CheckpointRedacted, Kind
from core.events.schema.deliveries import (
    DeliveryDeadLettered,
    DeliveryIgnored,
    DeliveryReceived,
)
from core.events.schema.effects import (
    EffectFailed,
    EffectInherited,
    EffectIntended,
    EffectMove,
    EffectPerformed,
    EffectReconciled,
)
from core.events.schema.findings import (
    FindingAddressed,
    FindingAnchored,
    FindingDemoted,
    FindingDismissed,
    FindingDisputed,
    FindingFiltered,
    FindingJudged,
    FindingMove,
    FindingNoted,
    FindingOutdated,
    FindingPosted,
    FindingProposed,
    FindingPublished,
    FindingSummarised,
    FindingTracked,
    FindingUnanchored,
    FindingVerified,
    FindingWaived,
)
from core.events.schema.gates import (
    ApprovalRecorded,
    ApprovalRequested,
    Decision,
    GateMove,
    GateOpened,
    GateVerdictRecorded,
)
from core.events.schema.memory import (
    MemoryAppended,
    MemoryCompacted,
    MemoryErased,
    MemoryExpiring,
    MemoryHeld,
    MemoryKeyChanged,
    MemoryNotified,
    MemoryRedactionCompleted,
    MemoryRedactionReached,
    MemoryRedactionRequested,
    MemoryReleased,
    MemoryRenewed,
    MemorySessionOpened,
)
from core.events.schema.merges import MergeCommitted, MergePlanned, MergeResolved
from core.events.schema.runs import (
    BranchCreated,
    BranchMerged,
    CheckpointRef,
    Origin,
    RunCreated,
    RunMove,
    RunRequested,
    RunStateChanged,
    RunSuperseded,
)
from core.events.schema.sandbox import SandboxFinished
from core.events.schema.steps import (
    Failure,
    ModelCalled,
    StepFinished,
    StepMove,
    StepProgressed,
    StepRetried,
    StepReused,
    StepStarted,
    Used,
    WorkReused,
)
from core.events.schema.workers import WorkerLeft
from core.events.schema.writers import WriterRetired

__all__ = [
    "TYPES",
    "ApprovalRecorded",
    "ApprovalRequested",
    "AuditContinued",
    "AuditRecorded",
    "BranchCreated",
    "BranchMerged",
    "CheckpointCaptured",
    "CheckpointRedacted",
    "CheckpointRef",
    "Decision",
    "DeliveryDeadLettered",
    "DeliveryIgnored",
    "DeliveryReceived",
    "EffectFailed",
    "EffectInherited",
    "EffectIntended",
    "EffectMove",
    "EffectPerformed",
    "EffectReconciled",
    "Failure",
    "FindingAddressed",
    "FindingAnchored",
    "FindingDemoted",
    "FindingDismissed",
    "FindingDisputed",
    "FindingFiltered",
    "FindingJudged",
    "FindingMove",
    "FindingNoted",
    "FindingOutdated",
    "FindingPosted",
    "FindingProposed",
    "FindingPublished",
    "FindingSummarised",
    "FindingTracked",
    "FindingUnanchored",
    "FindingVerified",
    "FindingWaived",
    "GateMove",
    "GateOpened",
    "GateVerdictRecorded",
    "Kind",
    "Known",
    "MemoryAppended",
    "MemoryCompacted",
    "MemoryErased",
    "MemoryExpiring",
    "MemoryHeld",
    "MemoryKeyChanged",
    "MemoryNotified",
    "MemoryRedactionCompleted",
    "MemoryRedactionReached",
    "MemoryRedactionRequested",
    "MemoryReleased",
    "MemoryRenewed",
    "MemorySessionOpened",
    "MergeCommitted",
    "MergePlanned",
    "MergeResolved",
    "ModelCalled",
    "Origin",
    "RunCreated",
    "RunMove",
    "RunRequested",
    "RunStateChanged",
    "RunSuperseded",
    "SandboxFinished",
    "StepFinished",
    "StepMove",
    "StepProgressed",
    "StepRetried",
    "StepReused",
    "StepStarted",
    "Used",
    "WorkReused",
    "WorkerLeft",
    "WriterRetired",
    "json_schema",
    "read",
]

Known = Annotated[
    DeliveryReceived
    | DeliveryIgnored
    | DeliveryDeadLettered
    | RunRequested
    | RunCreated
    | RunStateChanged
    | RunSuperseded
    | BranchCreated
    | BranchMerged
    | StepStarted
    | StepProgressed
    | StepFinished
    | StepRetried
    | StepReused
    | WorkReused
    | ModelCalled
    | SandboxFinished
    | CheckpointCaptured
    | CheckpointRedacted
    | GateOpened
    | GateVerdictRecorded
    | ApprovalRequested
    | ApprovalRecorded
    | FindingProposed
    | FindingVerified
    | FindingFiltered
    | FindingAnchored
    | FindingUnanchored
    | FindingPosted
    | FindingDemoted
    | FindingSummarised
    | FindingAddressed
    | FindingDisputed
    | FindingDismissed
    | FindingWaived
    | FindingOutdated
    | FindingTracked
    | FindingNoted
    | FindingJudged
    | FindingPublished
    | EffectIntended
    | EffectPerformed
    | EffectReconciled
    | EffectFailed
    | EffectInherited
    | MergePlanned
    | MergeResolved
    | MergeCommitted
    | MemorySessionOpened
    | MemoryAppended
    | MemoryRenewed
    | MemoryHeld
    | MemoryReleased
    | MemoryExpiring
    | MemoryNotified
    | MemoryErased
    | MemoryCompacted
    | MemoryRedactionRequested
    | MemoryRedactionReached
    | MemoryRedactionCompleted
    | MemoryKeyChanged
    | AuditRecorded
    | AuditContinued
    | WorkerLeft
    | WriterRetired,
    Field(discriminator="type"),
]

_adapter: TypeAdapter[Payload] = TypeAdapter(Known)
TYPES: dict[str, type[Payload]] = {
    str(member.model_fields["type"].default): member
    for member in Known.__origin__.__args__  # type: ignore[attr-defined] # the union's members
}


def read(stored: dict[str, Any]) -> Payload:
    """Turn `{type, data}` into its payload; an unknown type is passed on, not refused.

    Raises pydantic's ValidationError when a known type's data does not fit.
    """
    kind, data = stored["type"], stored["data"]
    if kind not in TYPES:
        return UnknownEvent(type=kind, data=data)
    return _adapter.validate_python({**data, "type": kind})


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of all known payloads."""
    return _adapter.json_schema(by_alias=True)
