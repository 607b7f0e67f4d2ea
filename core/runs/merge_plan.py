"""The whole of a merge's plan: what becomes of two states, and of their settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.checkpoints.conflicts import Conflict
from core.checkpoints.merge import Merged, merge
from core.checkpoints.resolutions import Choice, refuse_open, resolve
from core.events.base import JSON
from core.runs.merge_model import Merge

# Where a conflict of settings says that it stands; no state has a field of this name.
SETTINGS = "overrides"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A merge with its plan; `settings` is that of what the runs have otherwise."""

    merge: Merge
    merged: Merged
    settings: Merged

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Return where a person has to choose: in the state first."""
        return (*self.merged.conflicts, *self.settings.conflicts)

    @property
    def overrides(self) -> JSON:
        """Return the merged settings, with suggestions where there are conflicts."""
        found: JSON = self.settings.state[SETTINGS]
        return found

    def resolved(self) -> tuple[JSON, JSON]:
        """Return the state and the settings as they were chosen.

        Raises UnresolvedConflictsError, and what `check_choices` raises.
        """
        choices = self.merge.choices
        refuse_open(self.conflicts, choices)
        state, settings = [
            resolve(one, _of(one, choices)) for one in (self.merged, self.settings)
        ]
        return state, settings[SETTINGS]


def merged_settings(base: JSON, ours: JSON, theirs: JSON) -> Merged:
    """Merge what each run has otherwise than the service, as states are merged."""
    before, mine, others = ({SETTINGS: dict(one)} for one in (base, ours, theirs))
    return merge(before, mine, others)


def _of(merged: Merged, choices: Mapping[str, Choice]) -> dict[str, Choice]:
    return {one.id: choices[one.id] for one in merged.conflicts}
