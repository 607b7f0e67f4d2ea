"""The JSON Schema of everything that goes over the wire of the event stream."""

from typing import Any

from pydantic.json_schema import models_json_schema

from core.events.base import JSON, Move, Payload
from core.events.cutting import BLOB, BLOBS, BYTES
from core.events.schema import TYPES
from core.feed.envelope import SCHEMA_PATH, Envelope
from core.live.controls import CONTROLS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REF = "#/$defs/{model}"
ATTRIBUTES, ANY, REFERENCE = "EventAttributes", "AnyEvent", "BlobReference"


def envelope_schema() -> JSON:
    """Return the JSON Schema (2020-12) of an event of any type that is known.

    `$defs` has each type's data by its name, its whole event by the name and `Event`,
    `AnyEvent` for types that are yet to come, and the data of the frames that tell of
    the stream itself. A field that is not required came later than its type: entries
    of an older program lack it.
    """
    events = {_name(kind): _event(kind) for kind in sorted(TYPES)}
    found: JSON = {
        **_payloads(),
        **events,
        **_frames(),
        ATTRIBUTES: _attributes(),
        ANY: _any(),
        REFERENCE: _reference(),
    }
    return {
        "$schema": DIALECT,
        "$id": SCHEMA_PATH,
        "title": "NofxEvent",
        "description": "An event of nofx, as pages and streams of events show it.",
        "oneOf": [_ref(name) for name in sorted(events)],
        "$defs": {name: found[name] for name in sorted(found)},
    }


def _name(kind: str) -> str:
    return f"{TYPES[kind].__name__}Event"


def _ref(name: str) -> JSON:
    return {"$ref": REF.format(model=name)}


def _payloads() -> JSON:
    """Return the schema of each type's data, and of what they share."""
    # As it is validated: what has a default may be missing in old entries.
    wanted = [(payload, "validation") for payload in TYPES.values()]
    _, found = models_json_schema(wanted, by_alias=True, ref_template=REF)  # type: ignore[arg-type] # a list of literals
    defs: JSON = {name: _plain(one) for name, one in found["$defs"].items()}
    for payload in TYPES.values():
        _as_data(payload, defs[payload.__name__])
    return defs


def _as_data(payload: type[Payload], one: JSON) -> None:
    del one["properties"]["type"]
    one["properties"][BLOBS] = {
        "type": "object",
        "description": "Fields that are too large to be here, and where they are.",
        "additionalProperties": _ref(REFERENCE),
    }
    if issubclass(payload, Move) and payload.transitions:
        rows = {"type": "string", "enum": sorted(payload.transitions)}
        one["properties"]["transition"] = rows
    one["description"] = _text(payload)
    one.setdefault("required", [])


def _text(described: type) -> str:
    lines = (described.__doc__ or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def _event(kind: str) -> JSON:
    data = TYPES[kind].__name__
    return {
        "description": _text(TYPES[kind]),
        "allOf": [_ref(ATTRIBUTES)],
        "type": "object",
        "properties": {
            "type": {"const": kind, "type": "string"},
            "dataschema": {"const": f"{SCHEMA_PATH}#/$defs/{data}", "type": "string"},
            "data": _ref(data),
        },
        "required": ["type", "dataschema", "data"],
    }


def _attributes() -> JSON:
    """Return what every event shows beside its type and its data; all of it always."""
    whole = _plain(Envelope.model_json_schema(mode="serialization"))
    own = {"type", "dataschema", "data"}
    shared = {name: one for name, one in whole["properties"].items() if name not in own}
    return {
        "description": "What every event shows, after CloudEvents 1.0.",
        "type": "object",
        "properties": shared,
        "required": list(shared),
    }


def _any() -> JSON:
    return {
        "description": "An event of any type, also of one that is yet to come.",
        "allOf": [_ref(ATTRIBUTES)],
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "dataschema": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "data": {"type": "object", "additionalProperties": True},
        },
        "required": ["type", "dataschema", "data"],
    }


def _reference() -> JSON:
    return {
        "description": "Where the whole of a field is: a blob, by its digest.",
        "type": "object",
        "properties": {
            BLOB: {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
            BYTES: {"type": "integer", "minimum": 1},
        },
        "required": [BLOB, BYTES],
    }


def _frames() -> JSON:
    """Return the data of each frame about the stream; its `event:` is in the text."""
    frames: JSON = {}
    for name, model in CONTROLS.items():
        one = _plain(model.model_json_schema(ref_template=REF))
        frames |= one.pop("$defs", {})
        one["description"] = f"`{name}`: {_text(model)}"
        frames[model.__name__] = one
    return frames


def _plain(schema: Any) -> Any:
    """Return a schema without the titles that pydantic makes of names."""
    match schema:
        case {"properties": properties}:
            rest = {name: one for name, one in schema.items() if name != "properties"}
            plain = {name: _plain(one) for name, one in properties.items()}
            return {**_plain(rest), "properties": plain}
        case dict():
            return {
                name: _plain(one) for name, one in schema.items() if name != "title"
            }
        case list():
            return [_plain(one) for one in schema]
        case _:
            return schema
