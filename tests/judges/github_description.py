"""GitHub's own OpenAPI description, made small once and read fast afterwards."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.judges.npm import unpacked

Json = dict[str, Any]

PACKAGE, VERSION = "@octokit/openapi", "23.0.2"
SOURCE = "api.github.com.json"
SMALL = "small-1.json"
PROSE = frozenset(
    (
        "description",
        "example",
        "examples",
        "externalDocs",
        "summary",
        "tags",
        "x-github",
    )
)
# Their values hold slashes, so that they span what looks like many segments.
LONG = frozenset(("path", "ref", "basehead", "branch"))
COMBINING = ("allOf", "anyOf", "oneOf")
KEPT = ("paths", "x-webhooks", "components")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the API: its template, and what OpenAPI says of it."""

    template: str
    method: str
    parameters: list[Json]
    facts: Json


class GitHubDescription:
    """The description: finds operations, and makes validators of their schemas."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._templates = [
            (template, _pattern(template), len(re.sub(r"{.*?}", "", template)))
            for template in document["paths"]
        ]

    @classmethod
    def load(cls) -> "GitHubDescription":
        """Read it from the cache; fetched through npm when it is not there yet.

        Skips the calling test where npm is missing; where `CI` is set, fails it.
        """
        folder = unpacked(PACKAGE, VERSION) / "generated"
        small = folder / SMALL
        if not small.is_file():
            _make_small(folder)
        return cls(json.loads(small.read_bytes()))

    def operation(self, method: str, path: str) -> Operation | str:
        """Return the operation of a request, or what is wrong with it."""
        found = [
            (literal, template)
            for template, pattern, literal in self._templates
            if pattern.fullmatch(path)
        ]
        # The template with the most literal text is the one that is meant.
        for _, template in sorted(found, reverse=True):
            item = self._document["paths"][template]
            facts = item.get(method.lower())
            if facts is not None:
                both = [*item.get("parameters", []), *facts.get("parameters", [])]
                return Operation(
                    template=template,
                    method=method,
                    parameters=[self.resolved(one) for one in both],
                    facts=facts,
                )
        if found:
            return f"GitHub has no {method} for {path}"
        return f"GitHub has no path {path}"

    def webhook(self, event: str, action: str | None) -> Json:
        """Return the schema of an event's payload; KeyError when there is none."""
        name = event if action is None else f"{event}-{action}"
        body = self._document["x-webhooks"][name.replace("_", "-")]["post"]
        schema: Json = body["requestBody"]["content"]["application/json"]["schema"]
        return schema

    def resolved(self, node: Json) -> Json:
        """Follow a reference to what it names."""
        while "$ref" in node:
            _, kind, name = node["$ref"].rsplit("/", 2)
            node = self._document["components"][kind][name]
        return node

    def problems(
        self, schema: Json, value: object, *, strict: bool = False
    ) -> Iterator[str]:
        """Yield where a value breaks a schema; strict refuses unknown keys too."""
        definitions: Json = {}
        root = self._converted(schema, definitions, strict=strict)
        validator = Draft202012Validator({"$defs": definitions, **root})
        for error in validator.iter_errors(value):
            where = "/".join(str(part) for part in error.absolute_path)
            yield f"{where or 'body'}: {error.message[:300]}"

    def _converted(
        self, node: Any, definitions: Json, *, strict: bool, part: bool = False
    ) -> Any:
        """Return OpenAPI 3.0's dialect as JSON Schema; `part` is inside a oneOf."""
        if isinstance(node, list):
            return [
                self._converted(one, definitions, strict=strict, part=part)
                for one in node
            ]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return self._reference(node["$ref"], definitions, strict=strict)
        made = {
            key: self._converted(
                value, definitions, strict=strict, part=key in COMBINING
            )
            for key, value in node.items()
            if key != "nullable"
        }
        if "properties" in node and isinstance(node["properties"], dict):
            made["properties"] = {
                name: self._converted(one, definitions, strict=strict)
                for name, one in node["properties"].items()
            }
            closed = not isinstance(node.get("additionalProperties"), dict)
            if strict and closed and not part:
                made["additionalProperties"] = False
        if node.get("nullable") is True:
            return {"anyOf": [made, {"type": "null"}]}
        return made

    def _reference(self, reference: str, definitions: Json, *, strict: bool) -> Json:
        name = reference.rpartition("/")[2]
        if name not in definitions:
            definitions[name] = {}
            schema = self._document["components"]["schemas"][name]
            definitions[name] = self._converted(schema, definitions, strict=strict)
        return {"$ref": f"#/$defs/{name}"}


def _pattern(template: str) -> re.Pattern[str]:
    """Return a regular expression for the paths that a template stands for."""
    parts = re.split(r"{(.*?)}", template)
    made = [
        (".+" if part in LONG else "[^/]+") if at % 2 else re.escape(part)
        for at, part in enumerate(parts)
    ]
    return re.compile("".join(made))


def _make_small(folder: Path) -> None:
    """Write the description without its prose, and drop the other editions."""
    whole = json.loads((folder / SOURCE).read_bytes())
    small = {key: _without_prose(whole[key]) for key in KEPT}
    unfinished = folder / f"{SMALL}.{os.getpid()}"
    unfinished.write_text(json.dumps(small))
    unfinished.rename(folder / SMALL)
    # They are 400 MB that nobody reads.
    for other in folder.glob("*.json"):
        if other.name not in (SOURCE, SMALL):
            other.unlink(missing_ok=True)


def _without_prose(node: Any, *, named: bool = False) -> Any:
    """Return a part of the description without texts; `named` keys are data."""
    if isinstance(node, list):
        return [_without_prose(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_prose(value, named=key == "properties" and not named)
        for key, value in node.items()
        if named or key not in PROSE
    }
