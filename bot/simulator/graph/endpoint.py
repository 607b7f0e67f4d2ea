"""Answers GraphQL requests: reads the document, runs it, and words the errors."""

from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError, build_schema, graphql

from bot.simulator.answers import Answer, Json, RefusedError
from bot.simulator.call import Call, Route
from bot.simulator.graph.mutations import Mutations
from bot.simulator.graph.schema import SCHEMA
from bot.simulator.graph.views import Views
from bot.simulator.shapes.basics import time

TYPES = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: "NOT_FOUND"}
API = build_schema(SCHEMA)


async def answer(call: Call) -> Answer:
    """Run a document; errors come with status 200, as GitHub sends them."""
    query = call.body.get("query")
    if not isinstance(query, str):
        raise RefusedError(
            400, "A query attribute must be specified and must be a string."
        )
    done = await graphql(
        API,
        query,
        root_value={**_queries(call), **_mutations(call)},
        variable_values=call.body.get("variables") or {},
        operation_name=call.body.get("operationName"),
    )
    body: Json = {"data": done.data}
    if done.errors:
        body["errors"] = [_error(one) for one in done.errors]
    return Answer(body=body)


def _mutations(call: Call) -> Json:
    return Mutations(call.world, call.hooks, call.actor).root()


def _queries(call: Call) -> Json:
    """Return the roots of all queries."""
    world, actor = call.world, call.actor
    views = Views(world, actor.login)

    def repository(_: object, owner: str, name: str, **__: Any) -> Json:
        try:
            record = world.repository(f"{owner}/{name}")
        except RefusedError as error:
            raise _unresolved(f"{owner}/{name}") from error
        if not actor.covers(record):
            raise _unresolved(f"{owner}/{name}")
        return views.repository(record)

    def rate_limit(_: object, **__: Any) -> Json:
        facts = call.limits.facts(actor.key)
        reset = datetime.fromtimestamp(facts["reset"], UTC)
        return {**facts, "resetAt": time(reset), "cost": 1, "nodeCount": 0}

    return {
        "viewer": lambda _: views.user(actor.login),
        "repository": repository,
        "rateLimit": rate_limit,
        "node": lambda _, id: _node(call, views, id),  # noqa: A006 - GitHub's name
    }


def _unresolved(name: str) -> RefusedError:
    message = f"Could not resolve to a Repository with the name '{name}'."
    return RefusedError(404, message)


def _node(call: Call, views: Views, identifier: str) -> Json | None:
    """Return the pull request, review, thread or comment of a node id."""
    number = call.world.node_number(identifier)
    for record, pull in call.world.pulls():
        if not call.actor.covers(record):
            continue
        for known, show in views.nodes(record, pull):
            if known == number:
                return show()
    raise RefusedError(404, f"Could not resolve to a node with the id '{identifier}'.")


def _error(error: GraphQLError) -> Json:
    """Return an error as GitHub writes it, with its `type`."""
    shown: Json = dict(error.formatted)
    original = error.original_error
    if isinstance(original, RefusedError):
        said = original.answer.body
        shown["type"] = TYPES.get(original.answer.status, "UNPROCESSABLE")
        details = said.get("errors")
        shown["message"] = ", ".join(details) if details else said["message"]
    return shown


ROUTES = (Route(method="POST", path="/graphql", handler=answer),)
