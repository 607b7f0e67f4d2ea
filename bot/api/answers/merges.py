"""Merges as the API shows them: the plan, its conflicts, what was chosen."""

from datetime import datetime
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from bot.api.answers.base import Shown
from bot.api.answers.begun import BegunDetail
from bot.api.answers.runs import Parent
from core.runs.merge_plan import Planned


class ConflictDetail(Shown):
    """One disagreement; a side that holds nothing there has no field, null is null."""

    id: str
    path: str = Field(
        description="a JSON pointer (RFC 6901) into the merged state;"
        " one to the merged settings begins with /overrides"
    )
    kind: str = Field(
        description="modify/modify, add/add, delete/modify, type or order"
    )
    base: Any = None
    ours: Any = None
    theirs: Any = None
    suggestion: Any = None

    @model_serializer(mode="wrap")
    def _without_absent(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        shown: dict[str, Any] = dump(self)
        return {key: shown[key] for key in shown if key in self.model_fields_set}


class MergeDetail(Shown):
    """A merge as it stands."""

    id: str
    status: str = Field(description="conflicts, ready or committed")
    base: Parent
    ours: Parent
    theirs: Parent
    conflicts: list[ConflictDetail]
    choices: dict[str, Any] = Field(description="what was chosen, by conflict ids")
    state: dict[str, Any] = Field(
        description="the merged state, with a suggestion where there is a conflict"
    )
    overrides: dict[str, Any] = Field(description="the merged settings, likewise")
    planned_at: datetime
    actor: str
    run_id: str | None = Field(description="the run that it became")

    @classmethod
    def of(cls, planned: Planned) -> "MergeDetail":
        """Return the merge as the API shows it."""
        merge, merged = planned.merge, planned.merged
        return cls(
            id=merge.id,
            status=merge.status,
            base=Parent.model_validate(merge.base),
            ours=Parent.model_validate(merge.ours),
            theirs=Parent.model_validate(merge.theirs),
            conflicts=[ConflictDetail(**one.to_json()) for one in planned.conflicts],
            choices=merge.choices,
            state=merged.state,
            overrides=planned.overrides,
            planned_at=merge.planned_at,
            actor=merge.actor,
            run_id=merge.run_id,
        )


class CommittedDetail(BegunDetail):
    """The run that a merge became, and the merge."""

    merge: MergeDetail
