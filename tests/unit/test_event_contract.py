"""What was promised to those who read events is kept."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from core.live.wire_schema import envelope_schema
from tests.fakes.contract import breaks, promised

# The schema as it was promised. A test that fails here means that a dashboard that was
# built against it would break: add a field or a type beside the old one instead.
PROMISED = json.loads((Path(__file__).parent / "event_contract.json").read_text())
Defs = dict[str, Any]


def test_no_old_consumer_breaks() -> None:
    """Whoever reads events by the promised schema reads those of today."""
    assert breaks(PROMISED, promised(envelope_schema())) == []


def changed(change: Callable[[Defs], object]) -> Any:
    """Return the promised schema with a change in its definitions."""
    schema = deepcopy(PROMISED)
    change(schema["$defs"])
    return schema


def renamed(fields: Defs, old: str, new: str) -> None:
    """Give a field another name."""
    fields[new] = fields.pop(old)


BREAKS: dict[str, Callable[[Defs], object]] = {
    "ModelCalled is gone": lambda defs: defs.pop("ModelCalled"),
    "ModelCalledEvent is gone": lambda defs: defs.pop("ModelCalledEvent"),
    "StepStarted.attempt is gone": lambda defs: defs["StepStarted"]["properties"].pop(
        "attempt"
    ),
    "GateOpened.from is gone": lambda defs: renamed(
        defs["GateOpened"]["properties"], "from", "from_state"
    ),
    "StepFinished.seconds may now be string": lambda defs: defs["StepFinished"][
        "properties"
    ]["seconds"].update(type="string"),
    "StepFinished.to may now be null": lambda defs: defs["StepFinished"][
        "properties"
    ].update(to={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "RunCreated.pull may now be number": lambda defs: defs["RunCreated"]["properties"][
        "pull"
    ].update(type="number"),
    "BranchCreated.parents may now be string": lambda defs: defs["BranchCreated"][
        "properties"
    ].update(parents={"type": "string"}),
    "CheckpointRef.run_id is gone": lambda defs: defs["CheckpointRef"][
        "properties"
    ].pop("run_id"),
    "CheckpointCaptured.kind is never 'merge' any more": lambda defs: defs[
        "CheckpointCaptured"
    ]["properties"]["kind"]["enum"].remove("merge"),
    "ApprovalRecorded.decision may now be any word": lambda defs: defs[
        "ApprovalRecorded"
    ]["properties"]["decision"].pop("enum"),
    "SandboxFinished.killed_by is never 'cpu' any more": lambda defs: defs[
        "SandboxFinished"
    ]["properties"]["killed_by"]["anyOf"][0]["enum"].remove("cpu"),
    "RunCreatedEvent.type is no longer 'run.created'": lambda defs: defs[
        "RunCreatedEvent"
    ]["properties"]["type"].update(const="run.born"),
    "EventAttributes.position may now be missing": lambda defs: defs["EventAttributes"][
        "required"
    ].remove("position"),
    "Reset is never 'trimmed' any more": lambda defs: defs["Reset"]["enum"].remove(
        "trimmed"
    ),
    "MergePlanned.conflicts[] may now be integer": lambda defs: defs["MergePlanned"][
        "properties"
    ]["conflicts"].update(items={"type": "integer"}),
    "CheckpointCaptured.artifacts[] may now be anything": lambda defs: defs[
        "CheckpointCaptured"
    ]["properties"]["artifacts"].update(additionalProperties=True),
}


@pytest.mark.parametrize(("told", "change"), BREAKS.items(), ids=BREAKS.keys())
def test_a_change_that_breaks_a_consumer_is_told(
    told: str, change: Callable[[Defs], object]
) -> None:
    """The judge of the contract is judged by changes that must not pass."""
    assert told in breaks(PROMISED, changed(change))


def test_a_type_that_is_no_longer_one_of_all_is_told() -> None:
    """Its definition may still be there, and no event is of it."""
    schema = deepcopy(PROMISED)
    schema["oneOf"].remove({"$ref": "#/$defs/RunCreatedEvent"})
    assert breaks(PROMISED, schema) == [
        "#/$defs/RunCreatedEvent is no longer one of all"
    ]


GROWS: dict[str, Callable[[Defs], object]] = {
    "a type": lambda defs: defs.update(MoonLanded={"type": "object"}),
    "a field": lambda defs: defs["RunCreated"]["properties"].update(
        colour={"type": "string"}
    ),
    "a word": lambda defs: defs["CheckpointCaptured"]["properties"]["kind"][
        "enum"
    ].append("eclipse"),
    "a field that is always there": lambda defs: defs["StepFinished"][
        "required"
    ].append("seconds"),
    "a field that is never null any more": lambda defs: defs["StepFinished"][
        "properties"
    ].update(error={"type": "string"}),
    "a whole number where there was any": lambda defs: defs["StepFinished"][
        "properties"
    ]["seconds"].update(type="integer"),
    "a schema of its own for what stood in place": lambda defs: (
        defs.update(Kind=defs["CheckpointCaptured"]["properties"]["kind"]),
        defs["CheckpointCaptured"]["properties"].update(kind={"$ref": "#/$defs/Kind"}),
    ),
}


@pytest.mark.parametrize("change", GROWS.values(), ids=GROWS.keys())
def test_what_only_grows_breaks_nobody(change: Callable[[Defs], object]) -> None:
    """That is what consumers were told to expect."""
    assert breaks(PROMISED, changed(change)) == []
