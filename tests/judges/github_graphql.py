"""Judges GraphQL documents by GitHub's own public schema."""

import json
from collections.abc import Iterable, Iterator

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_client_schema,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from bot.simulator.server import RecordedRequest
from tests.judges.npm import unpacked

PACKAGE, VERSION = "@octokit/graphql-schema", "15.26.1"
PATH = "/graphql"


class GraphQLJudge:
    """Says what is wrong with documents and their variables."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema

    @classmethod
    def load(cls) -> "GraphQLJudge":
        """Read the schema, fetched through npm when it is not there yet."""
        text = (unpacked(PACKAGE, VERSION) / "schema.json").read_bytes()
        found = json.loads(text)
        return cls(build_client_schema(found.get("data", found), assume_valid=True))

    def check(self, requests: Iterable[RecordedRequest]) -> list[str]:
        """Return the problems of all GraphQL requests; none: all are valid."""
        return [
            f"{request.method} {request.path}: {problem}"
            for request in requests
            if request.path == PATH
            for problem in self._problems(request)
        ]

    def _problems(self, request: RecordedRequest) -> Iterator[str]:
        body = request.body
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            yield "the body has no query"
            return
        for name in body.keys() - {"query", "variables", "operationName"}:
            yield f"the body has an unknown key {name}"
        try:
            document = parse(body["query"])
        except GraphQLError as error:
            yield error.message
            return
        for found in validate(self.schema, document):
            yield found.message
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                yield from self._in_variables(node, body.get("variables") or {})

    def _in_variables(
        self, node: OperationDefinitionNode, given: dict[str, object]
    ) -> Iterator[str]:
        values = get_variable_values(
            self.schema, list(node.variable_definitions or ()), given
        )
        if isinstance(values, list):
            for error in values:
                yield error.message
        known = {one.variable.name.value for one in node.variable_definitions or ()}
        for name in given.keys() - known:
            yield f"the variable {name} is not declared"
