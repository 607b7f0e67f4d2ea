"""The JSON Schema of the wire holds for all that goes over it, and for nothing else."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator

from core.events.schema import TYPES, read
from core.feed.envelope import encoded
from core.feed.page import FeedEntry
from core.feed.subject import NOBODY, About
from core.live.controls import CONTROLS
from core.live.wire_schema import envelope_schema

STORED = Path(__file__).parent / "stored_events.json"
EXAMPLES: list[dict[str, Any]] = json.loads(STORED.read_text())
SCHEMA = envelope_schema()
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
REFERENCE = {"$blob": "sha256:" + "9" * 64, "bytes": 70_000}
EACH = pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one["type"])


def validator(name: str | None = None) -> Validator:
    """Return what judges values by the whole schema, or by one of its definitions."""
    wanted = SCHEMA if name is None else {**SCHEMA, "oneOf": [{"$ref": name}]}
    return Draft202012Validator(wanted, format_checker=FormatChecker())


def shown(stored: dict[str, Any], about: About = NOBODY) -> Any:
    """Return a stored event as it goes over the wire."""
    entry = FeedEntry(
        position=1,
        id="run/run_1:1.0",
        type=stored["type"],
        time=NOON,
        stream="run/run_1",
        data=stored["data"],
        about=about,
    )
    return json.loads(encoded(entry))


def test_it_is_a_json_schema() -> None:
    """Of the version that it names."""
    Draft202012Validator.check_schema(SCHEMA)


@EACH
@pytest.mark.parametrize("about", [NOBODY, About("octo/hello", 7)])
def test_every_event_is_as_it_says(example: dict[str, Any], about: About) -> None:
    """By the whole, and by the definition that the event itself names for its data."""
    event = shown(example, about)
    validator().validate(event)
    base, _, pointer = event["dataschema"].partition("#")
    assert base == SCHEMA["$id"]
    validator(f"#{pointer}").validate(event["data"])


@EACH
def test_what_an_older_program_stored_is_as_it_says(example: dict[str, Any]) -> None:
    """It lacks every field that came later, all of which have defaults."""
    model = TYPES[example["type"]]
    needed = {
        field.serialization_alias or name
        for name, field in model.model_fields.items()
        if field.is_required()
    }
    data = {name: one for name, one in example["data"].items() if name in needed}
    read({**example, "data": data})
    validator().validate(shown({**example, "data": data}))


@EACH
def test_an_event_that_lies_about_its_data_is_not(example: dict[str, Any]) -> None:
    """Each field of a wrong kind, and each that must be there and is not."""
    name = TYPES[example["type"]].__name__
    described = SCHEMA["$defs"][name]
    good = shown(example)
    for field in example["data"]:
        bad = deepcopy(good)
        bad["data"][field] = {"odd": [1]} if field != "finding" else 7
        entire = described["properties"][field]
        kinds = [entire, *entire.get("anyOf", ())]
        if any("$ref" in one or one.get("type") == "object" for one in kinds):
            bad["data"][field] = 7
        assert not validator().is_valid(bad), field
    for field in described["required"]:
        bad = deepcopy(good)
        del bad["data"][field]
        assert not validator().is_valid(bad), field


def test_an_event_of_another_type_is_not() -> None:
    """The type decides what the data must be."""
    event = shown(EXAMPLES[0])
    assert not validator().is_valid({**event, "type": "run.created"})
    assert not validator().is_valid({**event, "dataschema": "/events/schema"})
    assert not validator().is_valid({**event, "position": 0})
    assert not validator().is_valid({**event, "time": "noon"})


def test_a_type_that_nobody_knows_is_any_event_and_no_known_one() -> None:
    """A consumer can tell it apart and pass it on."""
    event = shown({"type": "moon.landed", "data": {"crew": [1, {"x": None}]}})
    assert not validator().is_valid(event)
    validator("#/$defs/AnyEvent").validate(event)


def test_an_event_that_was_cut_is_as_it_says() -> None:
    """Each field keeps its kind, and the reference is described."""
    data = {**EXAMPLES[3]["data"], "$blobs": {"by_run": REFERENCE}}
    validator().validate(shown({**EXAMPLES[3], "data": data}))
    data["$blobs"] = {"by_run": "somewhere"}
    assert not validator().is_valid(shown({**EXAMPLES[3], "data": data}))


def test_a_field_of_a_newer_program_breaks_nothing() -> None:
    """Fields are added, and an older schema still holds."""
    event = shown(EXAMPLES[0])
    event["data"]["added_later"] = {"x": 1}
    event["added"] = True
    validator().validate(event)


def test_every_type_is_one_of_all_and_is_described() -> None:
    """Whoever reads the schema alone learns what each type tells."""
    of_all = {one["$ref"].rpartition("/")[2] for one in SCHEMA["oneOf"]}
    assert of_all == {f"{model.__name__}Event" for model in TYPES.values()}
    for model in TYPES.values():
        for name in (model.__name__, f"{model.__name__}Event"):
            assert SCHEMA["$defs"][name]["description"]


def test_every_definition_is_used_or_stands_for_a_frame() -> None:
    """Nothing is left over, and nothing is named that is not there."""
    text = json.dumps(SCHEMA)
    used = {name for name in SCHEMA["$defs"] if f'"#/$defs/{name}"' in text}
    frames = {model.__name__ for model in CONTROLS.values()}
    assert set(SCHEMA["$defs"]) - used == frames | {"AnyEvent"}


def test_the_frames_of_a_stream_are_described_by_their_names() -> None:
    """A consumer finds what `event:` names."""
    for name, model in CONTROLS.items():
        described = SCHEMA["$defs"][model.__name__]["description"]
        assert described.startswith(f"`{name}`: ")
