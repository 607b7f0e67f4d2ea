"""TypeScript types of the JSON Schema that describes the wire, for dashboards; pure.

It knows the few words of JSON Schema that our own schemas are made of, and refuses any
other: a type that says less than the schema would be no help.
"""

import json
import re
from collections.abc import Iterator, Mapping

from core.errors import SchemaNotTypedError
from core.events.base import JSON

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
# What a schema may say beside its type that a type has no words for.
SILENT = frozenset(
    {"description", "default", "format", "minimum", "maximum", "pattern", "title"}
    | {"minLength", "maxLength", "minItems", "maxItems"}
)
HEADER = """\
// The events of nofx. Made by `nofx events schema --typescript`: do not edit.
//
// A field that may be missing came later than its type. A value of a type that is not
// listed here comes from a newer nofx: `isNofxEvent` tells it apart.
"""
GUARD = """\
/** The types of event that are known here. */
export const EVENT_TYPES = [
{types}
] as const;

/** Whether an event is of a type that is known here. */
export function isNofxEvent(event: AnyEvent): event is {title} {{
  return (EVENT_TYPES as readonly string[]).includes(event.type);
}}
"""


def typescript(schema: JSON) -> str:
    """Return a module with a type for each of `$defs`, and their union.

    Raises SchemaNotTypedError for what it has no words for.
    """
    defs: Mapping[str, JSON] = schema["$defs"]
    union = [_refers_to(one) for one in schema["oneOf"]]
    kinds = [defs[name]["properties"]["type"]["const"] for name in union]
    lines = [HEADER]
    for name, one in defs.items():
        lines += [*_comment(one, ""), *_declared(name, one), ""]
    members = "".join(f"\n  | {name}" for name in union)
    lines += [*_comment(schema, ""), f"export type {schema['title']} ={members};", ""]
    types = "\n".join(f"  {json.dumps(kind)}," for kind in sorted(kinds))
    lines.append(GUARD.format(types=types, title=schema["title"]))
    return "\n".join(lines)


def _declared(name: str, one: JSON) -> Iterator[str]:
    if "properties" not in one:
        yield f"export type {name} = {_type(name, one)};"
        return
    _check(name, one, {"type", "properties", "required", "allOf"})
    bases = "".join(f"{_refers_to(base)} & " for base in one.get("allOf", ()))
    # No interface: it would not do where an object with any fields is wanted.
    yield f"export type {name} = {bases}{{"
    for field, value in one["properties"].items():
        yield from _comment(value, "  ")
        optional = "" if field in one.get("required", ()) else "?"
        shown = field if NAME.fullmatch(field) else json.dumps(field)
        yield f"  {shown}{optional}: {_type(f'{name}.{field}', value)};"
    yield "};"


def _type(where: str, one: JSON) -> str:
    if "$ref" in one:
        _check(where, one, {"$ref"})
        return _refers_to(one)
    if "const" in one or "enum" in one:
        _check(where, one, {"const", "enum", "type"})
        values = one.get("enum", [one.get("const")])
        return " | ".join(json.dumps(value) for value in values)
    if "anyOf" in one:
        _check(where, one, {"anyOf"})
        return " | ".join(_type(where, choice) for choice in one["anyOf"])
    return _of_kind(where, one)


def _of_kind(where: str, one: JSON) -> str:
    match one.get("type"):
        case "array":
            _check(where, one, {"type", "items"})
            return f"Array<{_type(where, one['items'])}>"
        case "object":
            _check(where, one, {"type", "additionalProperties"})
            values = one.get("additionalProperties", True)
            shown = "unknown" if values is True else _type(where, values)
            return f"{{ [name: string]: {shown} }}"
        case str(kind) if kind in PLAIN:
            _check(where, one, {"type"})
            return PLAIN[kind]
        case kind:
            raise SchemaNotTypedError(where=where, what=f"type {kind!r}")


def _check(where: str, one: JSON, known: set[str]) -> None:
    odd = sorted(set(one) - known - SILENT)
    if odd:
        raise SchemaNotTypedError(where=where, what=odd[0])


def _refers_to(one: JSON) -> str:
    return str(one["$ref"]).removeprefix("#/$defs/")


def _comment(one: JSON, indent: str) -> Iterator[str]:
    text = one.get("description", "").replace("*/", "*\u200b/").splitlines()
    if len(text) == 1:
        yield f"{indent}/** {text[0]} */"
    elif text:
        yield f"{indent}/**"
        yield from (f"{indent} * {line}".rstrip() for line in text)
        yield f"{indent} */"
