"""TypeScript says as much as the JSON Schema does, or nothing."""

from typing import Any

import pytest

from core.errors import SchemaNotTypedError
from core.events.schema import TYPES
from core.live.typescript import typescript
from core.live.wire_schema import envelope_schema


def module(**defs: Any) -> str:
    """Return the TypeScript of these definitions."""
    return typescript({"title": "Nothing", "oneOf": [], "$defs": defs})


def declared(one: dict[str, Any]) -> str:
    """Return what a definition without fields becomes."""
    return next(
        line for line in module(X=one).splitlines() if line.startswith("export type X")
    )


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "string", "pattern": "^a"}, "string"),
        ({"type": "integer", "minimum": 1}, "number"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number | null"),
        ({"enum": ["a", 'b"'], "type": "string"}, '"a" | "b\\""'),
        ({"const": "a", "type": "string"}, '"a"'),
        ({"type": "array", "items": {"$ref": "#/$defs/Y"}}, "Array<Y>"),
        (
            {
                "type": "array",
                "items": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            },
            "Array<boolean | null>",
        ),
        ({"type": "object"}, "{ [name: string]: unknown }"),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            "{ [name: string]: string }",
        ),
    ],
)
def test_a_schema_becomes_a_type(schema: dict[str, Any], shown: str) -> None:
    """Word by word."""
    assert declared(schema) == f"export type X = {shown};"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "not": {"const": "a"}},
        {"type": "array"},
        {"type": "array", "prefixItems": [], "items": {"type": "string"}},
        {"type": ["string", "null"]},
        {"properties": {"a": {"type": "string"}}, "additionalProperties": False},
        {"properties": {"a": {"oneOf": []}}},
        {"$ref": "#/$defs/Y", "type": "string"},
        {},
    ],
)
def test_what_it_has_no_words_for_is_refused(schema: dict[str, Any]) -> None:
    """A type that lets more through than the schema would be a lie."""
    with pytest.raises((SchemaNotTypedError, KeyError)):
        module(X=schema)


def test_a_field_says_what_it_is_and_whether_it_may_be_missing() -> None:
    """Names that are none in TypeScript are quoted."""
    text = module(
        X={
            "description": "One.\n\nTwo */ three.",
            "type": "object",
            "properties": {
                "a": {"type": "string", "description": "first"},
                "$b c": {"type": "null"},
            },
            "required": ["a"],
        }
    )
    assert "\n".join(text.splitlines()[5:14]) == (
        "/**\n * One.\n *\n * Two *\u200b/ three.\n */\nexport type X = {\n"
        '  /** first */\n  a: string;\n  "$b c"?: null;'
    )


def test_every_type_is_in_the_module_and_in_its_list() -> None:
    """A dashboard can name each, and tell the rest apart."""
    text = typescript(envelope_schema())
    listed = text.partition("EVENT_TYPES = [\n")[2].partition("\n]")[0]
    assert listed.replace(",", "").replace('"', "").split() == sorted(TYPES)
    for model in TYPES.values():
        assert f"export type {model.__name__} = {{" in text
        assert f"export type {model.__name__}Event = EventAttributes & {{" in text
