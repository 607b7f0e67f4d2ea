"""The JSON Schema of a model's answer, as short as it can be said."""

from typing import Any

from pydantic import BaseModel

# Names and docstrings of our classes; a model pays for them with each question.
OURS = frozenset(("title", "description"))
# Under these, names are properties' or definitions', and no annotations.
NAMED = frozenset(("properties", "$defs"))


def answer_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """Return the schema without what says nothing of the form."""
    bared: dict[str, Any] = _bared(answer.model_json_schema())
    return bared


def _bared(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_bared(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _bared(one) for name, one in value.items()}
        if key in NAMED
        else _bared(value)
        for key, value in schema.items()
        if key not in OURS
    }
