"""Says by which changes of a JSON Schema an old consumer would break.

A consumer reads what we write. So what it may meet must never grow beyond what it was
told: no type or field may go, no field may hold another kind of JSON value or be
missing where it was not. More types, more fields and more words in a list of words are
what it was told to expect.

Run `python -m tests.fakes.contract > tests/unit/event_contract.json` to promise more.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.live.wire_schema import envelope_schema

JSON = Mapping[str, Any]
KINDS = ("object", "array", "string", "number", "integer", "boolean", "null")
# What says nothing of which values there are.
WORDS = frozenset({"description", "title", "default"})


def breaks(old: JSON, new: JSON) -> list[str]:
    """Return what an old consumer would stumble over, a sentence each."""
    return list(_Comparison(old["$defs"], new["$defs"]).all(old, new))


@dataclass(frozen=True)
class _Comparison:
    old: JSON
    new: JSON

    def all(self, old: JSON, new: JSON) -> Iterator[str]:
        """Compare every definition that there was, and what the whole is made of."""
        for name, one in self.old.items():
            if name not in self.new:
                yield f"{name} is gone"
            else:
                yield from self.of(name, one, self.new[name])
        left = {json.dumps(one) for one in new.get("oneOf", ())}
        for one in old.get("oneOf", ()):
            if json.dumps(one) not in left:
                yield f"{one['$ref']} is no longer one of all"

    def of(self, where: str, old: JSON, new: JSON) -> Iterator[str]:
        """Compare two schemas of one place."""
        if "$ref" in old and old.get("$ref") == new.get("$ref"):
            return  # its definition is compared by itself
        before, after = self._entire(old, self.old), self._entire(new, self.new)
        more = self._kinds(after, self.new) - self._kinds(before, self.old)
        if more:
            yield f"{where} may now be {', '.join(sorted(more))}"
            return
        yield from self._words(where, before, after)
        yield from self._fields(where, before, after)
        for part in ("items", "additionalProperties"):
            if isinstance(before.get(part), Mapping):
                inner = after.get(part)
                if isinstance(inner, Mapping):
                    yield from self.of(f"{where}[]", before[part], inner)
                else:
                    yield f"{where}[] may now be anything"
        yield from self._choices(where, before, after)

    def _words(self, where: str, before: JSON, after: JSON) -> Iterator[str]:
        if "const" in before and before["const"] != after.get("const"):
            yield f"{where} is no longer {before['const']!r}"
        if "enum" in before and not {"enum", "const"} & set(after):
            yield f"{where} may now be any word"
        elif "enum" in before:
            listed = after.get("enum") or [after["const"]]
            gone = [word for word in before["enum"] if word not in listed]
            if gone:
                yield f"{where} is never {gone[0]!r} any more"

    def _fields(self, where: str, before: JSON, after: JSON) -> Iterator[str]:
        fields = after.get("properties", {})
        for name, one in before.get("properties", {}).items():
            if name not in fields:
                yield f"{where}.{name} is gone"
            else:
                yield from self.of(f"{where}.{name}", one, fields[name])
        for name in before.get("required", ()):
            if name in fields and name not in after.get("required", ()):
                yield f"{where}.{name} may now be missing"

    def _choices(self, where: str, before: JSON, after: JSON) -> Iterator[str]:
        """Compare what may stand in one place by what kind of JSON it is."""
        for kind in KINDS:
            was = [one for one in before.get("anyOf", ()) if one.get("type") == kind]
            now = [one for one in after.get("anyOf", ()) if one.get("type") == kind]
            if len(was) == len(now) == 1:
                yield from self.of(where, was[0], now[0])

    def _entire(self, one: JSON, defs: JSON) -> JSON:
        if "$ref" in one:
            return self._entire(defs[str(one["$ref"]).rpartition("/")[2]], defs)
        return one

    def _kinds(self, one: JSON, defs: JSON) -> set[str]:
        """Return which kinds of JSON value a schema lets through."""
        entire = self._entire(one, defs)
        if "anyOf" in entire:
            return {
                kind for part in entire["anyOf"] for kind in self._kinds(part, defs)
            }
        kind = entire.get("type")
        kinds = {kind} if isinstance(kind, str) else set(KINDS)
        return kinds | ({"integer"} if "number" in kinds else set())


def promised(schema: Any) -> Any:
    """Return a schema without the words that promise nothing."""
    match schema:
        case {"properties": properties}:
            rest = {name: one for name, one in schema.items() if name != "properties"}
            fields = {name: promised(one) for name, one in properties.items()}
            return {**promised(rest), "properties": fields}
        case {"$defs": defs}:
            rest = {name: one for name, one in schema.items() if name != "$defs"}
            inner = {name: promised(one) for name, one in defs.items()}
            return {**promised(rest), "$defs": inner}
        case dict():
            return {n: promised(one) for n, one in schema.items() if n not in WORDS}
        case list():
            return [promised(one) for one in schema]
        case _:
            return schema


if __name__ == "__main__":
    # A definition a line, so that a change shows as what it is.
    made = promised(envelope_schema())
    lines = [f"{json.dumps(n)}: {json.dumps(one)}" for n, one in made["$defs"].items()]
    head = json.dumps({name: one for name, one in made.items() if name != "$defs"})
    sys.stdout.write(head[:-1] + ', "$defs": {\n' + ",\n".join(lines) + "\n}}\n")
