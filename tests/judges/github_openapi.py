"""Judges REST requests by GitHub's own OpenAPI description."""

from collections.abc import Iterable, Iterator
from typing import Any

from bot.simulator.server import RecordedRequest
from tests.judges.github_description import GitHubDescription, Json, Operation

JSON_TYPE = "application/json"
GRAPHQL = "/graphql"


class OpenApiJudge:
    """Says what is wrong with requests: path, method, query, body, unknown keys."""

    def __init__(self, description: GitHubDescription) -> None:
        self._description = description

    def check(self, requests: Iterable[RecordedRequest]) -> list[str]:
        """Return the problems of all REST requests; none means that all are valid."""
        return [
            f"{request.method} {request.path}: {problem}"
            for request in requests
            if request.path != GRAPHQL
            for problem in self._problems(request)
        ]

    def check_answer(
        self, method: str, path: str, status: int, body: object
    ) -> list[str]:
        """Return where an answer breaks the schema of its operation and status."""
        found = self._description.operation(method, path)
        if isinstance(found, str):
            return [found]
        answers = found.facts["responses"]
        if str(status) not in answers:
            return [f"{status} is no answer of {method} {found.template}"]
        schema = self._schema(self._description.resolved(answers[str(status)]))
        if schema is None:
            return []
        return list(self._description.problems(schema, body))

    def check_webhook(self, event: str, payload: Json) -> list[str]:
        """Return where a webhook's payload breaks the schema of its event."""
        schema = self._description.webhook(event, payload.get("action"))
        return list(self._description.problems(schema, payload))

    def _problems(self, request: RecordedRequest) -> Iterator[str]:
        found = self._description.operation(request.method, request.path)
        if isinstance(found, str):
            yield found
            return
        yield from self._in_query(request, found)
        yield from self._in_body(request, found)

    def _in_query(self, request: RecordedRequest, found: Operation) -> Iterator[str]:
        known = {one["name"]: one for one in found.parameters if one["in"] == "query"}
        for name, value in request.query.items():
            if name not in known:
                yield f"the query has an unknown parameter {name}"
                continue
            schema = known[name].get("schema", {})
            typed = _typed(value, self._description.resolved(schema))
            for problem in self._description.problems(schema, typed):
                yield f"query parameter {name}: {problem}"

    def _in_body(self, request: RecordedRequest, found: Operation) -> Iterator[str]:
        expected = self._description.resolved(found.facts.get("requestBody", {}))
        schema = self._schema(expected)
        if schema is None:
            if request.body not in (None, {}):
                yield "a body is sent where none is expected"
        elif request.body is None:
            if expected.get("required"):
                yield "the body is missing"
        else:
            yield from self._description.problems(schema, request.body, strict=True)

    def _schema(self, holder: Json) -> Json | None:
        content = holder.get("content", {})
        schema: Json | None = content.get(JSON_TYPE, {}).get("schema")
        return schema


def _typed(value: str, schema: Json) -> Any:
    """Return a query's text as the type that its schema asks for."""
    kind = schema.get("type")
    if kind == "integer" and value.lstrip("-").isdigit():
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value
