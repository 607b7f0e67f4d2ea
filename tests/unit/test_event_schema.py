"""Every event type, held against how it was stored by the version that made it."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from core.events.base import Payload, UnknownEvent
from core.events.schema import TYPES, json_schema, read

# One stored example of each type, with every field. Lines are only ever added: a test
# that fails here means that an entry in somebody's journal can no longer be read.
STORED = Path(__file__).parent / "stored_events.json"
EXAMPLES: list[dict[str, Any]] = json.loads(STORED.read_text())
NAMES = [example["type"] for example in EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_stored_event_reads_and_is_stored_the_same(example: dict[str, Any]) -> None:
    """No field lost its name, its meaning's type, or its place."""
    event = read(example)

    assert type(event) is TYPES[example["type"]]
    stored = event.stored()
    assert stored["type"] == example["type"]
    kept = {name: stored["data"][name] for name in example["data"]}
    assert json.dumps(kept, sort_keys=True) == json.dumps(
        example["data"], sort_keys=True
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_fields_that_came_later_have_defaults(example: dict[str, Any]) -> None:
    """What the stored example lacks must not be needed to read it."""
    model = TYPES[example["type"]]
    for name, field in model.model_fields.items():
        shown = field.serialization_alias or name
        if shown not in example["data"] and name != "type":
            assert field.default is not PydanticUndefined or field.default_factory


def test_every_type_has_a_stored_example() -> None:
    """Whoever adds a type adds what it looks like in the journal."""
    assert sorted(TYPES) == sorted(NAMES)


def test_names_follow_the_journals_rule() -> None:
    """`noun.past_tense`, in small letters, once each."""
    allowed = set(string.ascii_lowercase + "_.")
    assert all(set(name) <= allowed and name.count(".") == 1 for name in TYPES)
    assert len(set(NAMES)) == len(NAMES)


def test_an_unknown_type_is_passed_on_as_it_stands() -> None:
    """An entry of a newer program survives the reading by an older one."""
    stored = {"type": "moon.landed", "data": {"crew": [1, {"data": None}]}}

    event = read(stored)

    assert isinstance(event, UnknownEvent)
    assert event.type == "moon.landed"
    assert event.stored() == stored


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_field_of_a_newer_program_is_ignored(example: dict[str, Any]) -> None:
    """An old consumer reads what it knows."""
    newer = {**example, "data": {**example["data"], "added_later": {"x": 1}}}

    assert read(newer) == read(example)


def test_data_that_does_not_fit_its_type_is_refused() -> None:
    """A known type is never half read."""
    with pytest.raises(ValidationError):
        read({"type": "run.superseded", "data": {"by_run": 1}})


def test_events_are_frozen() -> None:
    """What happened does not change."""
    event = read(EXAMPLES[0])
    with pytest.raises(ValidationError):
        event.__setattr__("type", "other")  # mypy knows it is frozen


def test_the_schema_describes_every_type_as_it_is_stored() -> None:
    """Moves show `from`, not Python's way around its keyword."""
    schema = json_schema()

    described = {
        one["properties"]["type"]["const"]: one
        for one in schema["$defs"].values()
        if "type" in one["properties"]
    }
    assert sorted(described) == sorted(TYPES)
    assert "from" in described["run.state_changed"]["properties"]
    assert schema["discriminator"]["propertyName"] == "type"


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=4))
def test_whatever_is_unknown_comes_back(data: dict[str, int]) -> None:
    """Reading and storing an unknown event changes nothing in it."""
    stored = {"type": "x.y", "data": data}
    event: Payload = read(stored)
    assert event.stored() == stored
