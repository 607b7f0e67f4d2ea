"""What two bundles tell differently: how their runs came out, and where they part."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.checkpoints.diff.comparison import meaning
from core.checkpoints.diff.difference import difference
from core.checkpoints.diff.model import DiffRules, StateDiff
from core.checkpoints.json_values import text_of
from core.errors import BundleRefusedError
from core.events.base import JSON
from core.events.schema import CheckpointCaptured
from core.rca.recorded import CONFIG, Recorded, artifact_json
from core.rca.story import Told
from core.rca.used import StepUse, used

ENVIRONMENT = "run/environment.json"
BLOB = "_blob"
# Where a step ended, or a gate holds it up.
BEHIND = frozenset({"after", "gate_failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fact of both."""

    what: str
    before: str
    after: str

    @property
    def same(self) -> bool:
        """Return whether both say the same."""
        return self.before == self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPair:
    """A step in both: what it used, and the digests of the states behind it.

    `diff` is what differs in these; None where one of them is not there.
    """

    step: str
    before: StepUse | None
    after: StepUse | None
    digests: tuple[str, str]
    diff: StateDiff | None

    @property
    def same(self) -> bool:
        """Return whether it came out the same in all that means something."""
        if self.before is None or self.after is None:
            return False
        if self.before.status != self.after.status:
            return False
        if self.diff is None:
            return self.digests[0] == self.digests[1]
        return not meaning(self.diff.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Two bundles side by side."""

    rows: tuple[Row, ...]
    steps: tuple[StepPair, ...]

    @property
    def first(self) -> StepPair | None:
        """Return the first step that came out otherwise."""
        return next((one for one in self.steps if not one.same), None)

    @property
    def same(self) -> bool:
        """Return whether nothing differs that means something."""
        return self.first is None and all(one.same for one in self.rows)


def between(before: Recorded, after: Recorded, rules: DiffRules) -> Between:
    """Compare two bundles; raises BundleMemberError, BundleRefusedError."""
    uses = [{one.step: one for one in used(_told(side))} for side in (before, after)]
    states = [_states(before), _states(after)]
    names = dict.fromkeys((*uses[0], *uses[1]))
    steps = (
        StepPair(
            step=name,
            before=uses[0].get(name),
            after=uses[1].get(name),
            digests=(_digest(states[0], name), _digest(states[1], name)),
            diff=_diff(states[0].get(name), states[1].get(name), rules),
        )
        for name in names
    )
    return Between(rows=tuple(_rows(before, after)), steps=tuple(steps))


def _told(side: Recorded) -> Iterator[Told]:
    for commit in side.commits:
        for index, event in enumerate(commit.events):
            yield Told(
                id=f"{commit.id}.{index}",
                seq=commit.seq,
                time=commit.time,
                writer=commit.writer,
                event=event,
            )


def _rows(before: Recorded, after: Recorded) -> Iterator[Row]:
    one, other = (_facts(before), _facts(after))
    for what in dict.fromkeys((*one, *other)):
        yield Row(what=what, before=one.get(what, ""), after=other.get(what, ""))


def _facts(side: Recorded) -> dict[str, str]:
    manifest = side.archive.manifest
    facts = {
        "status": manifest.status,
        "conclusion": manifest.conclusion or "",
        "cause": manifest.cause.name,
        "head": manifest.head_sha,
    }
    config = dict(_leaves("", side.json(CONFIG)))
    programs = side.json(ENVIRONMENT).get("programs")
    return {**facts, **config, "programs": _programs(programs)}


def _programs(claims: Any) -> str:
    """Return the programs that worked on a run, however often each claimed it."""
    if not isinstance(claims, list):
        return ""
    named = [one.get("program", "") for one in claims if isinstance(one, dict)]
    return ", ".join(sorted({*map(_plain, named)} - {""}))


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield what a setting is made of, each part under its own name."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(f"{name}.{key}" if name else key, part)
    else:
        yield name, _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else text_of(value)


@dataclass(frozen=True, slots=True)
class _Behind:
    """The state behind a step: its digest, and what it is with its artifacts in it."""

    digest: str
    state: JSON | None


def _states(side: Recorded) -> Mapping[str, _Behind]:
    files = {one.checkpoint_id: one for _, one in side.checkpoints}
    behind: dict[str, _Behind] = {}
    for commit in side.commits:
        for event in commit.events:
            if isinstance(event, CheckpointCaptured) and event.kind in BEHIND:
                file = files.get(event.checkpoint_id)
                state = file.state if file is not None else None
                whole = None if state is None else _whole(side, state)
                behind[event.step] = _Behind(event.digest, whole)
    return behind


def _whole(side: Recorded, state: JSON) -> JSON:
    """Return a state with what it names in place of the names, where that is JSON."""
    return {
        key: _named(side, value) if key.endswith(BLOB) else value
        for key, value in state.items()
    }


def _named(side: Recorded, digest: Any) -> Any:
    artifact = side.artifacts.get(digest) if isinstance(digest, str) else None
    if artifact is None or not artifact.name.endswith(".json"):
        return digest
    try:
        return artifact_json(artifact, side.archive.path)
    except BundleRefusedError:
        return digest


def _digest(states: Mapping[str, _Behind], step: str) -> str:
    found = states.get(step)
    return found.digest if found is not None else ""


def _diff(
    one: _Behind | None, other: _Behind | None, rules: DiffRules
) -> StateDiff | None:
    if one is None or other is None or one.state is None or other.state is None:
        return None
    return difference(one.state, other.state, rules=rules)
