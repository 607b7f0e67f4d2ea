"""Watches what the code asks of the database, at the driver and at each place."""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)
from typing_extensions import override

from core.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
METHODS = (
    *("find", "find_one", "aggregate", "count_documents", "distinct"),
    *("update_one", "update_many", "replace_one", "delete_one", "delete_many"),
    *("find_one_and_update", "find_one_and_replace", "find_one_and_delete"),
    "bulk_write",
)
Filter = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """The shape of a question: its collection, its command, its fields and how asked.

    `fields` are written as `name` for equality and `name $lt` for an operator.
    """

    collection: str
    command: str
    fields: tuple[str, ...]


class QueryLog(CommandListener):
    """Keeps one filter of each shape that goes to the server."""

    def __init__(self) -> None:
        self.asked: dict[Query, Filter] = {}
        self.places: set[tuple[str, int]] = set()

    @override
    def started(self, event: CommandStartedEvent) -> None:
        command = dict(event.command)
        for query in _filters(event.command_name, command):
            shape = Query(
                collection=str(command[event.command_name]),
                command=event.command_name,
                fields=tuple(sorted(_fields(query))),
            )
            self.asked.setdefault(shape, query)

    @override
    def succeeded(self, event: CommandSucceededEvent) -> None:
        return

    @override
    def failed(self, event: CommandFailedEvent) -> None:
        return

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Watch every client that is made from now on, and who calls the driver."""
        patch.setattr("core.store.database.AsyncIOMotorClient", self._client)
        for name in METHODS:
            method = getattr(AsyncIOMotorCollection, name)
            patch.setattr(AsyncIOMotorCollection, name, self._noting(method))

    def _client(
        self, url: str, event_listeners: Sequence[CommandListener] = (), **options: Any
    ) -> AsyncIOMotorClient[dict[str, Any]]:
        listeners = [*event_listeners, self]
        return AsyncIOMotorClient(url, event_listeners=listeners, **options)

    def _noting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any, **named: Any) -> Any:
            caller = sys._getframe(1)
            self.places.add((caller.f_code.co_filename, caller.f_lineno))
            return method(*given, **named)

        return noted

    def unwalked(self) -> list[str]:
        """Return the calls of the driver in bot and core that nobody has made yet."""
        return [
            f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call.func)}"
            for path, call in driver_calls()
            if not any(
                place == str(path) and call.lineno <= line <= (call.end_lineno or 0)
                for place, line in self.places
            )
        ]


def driver_calls() -> Iterator[tuple[Path, ast.Call]]:
    """Yield each place in bot and core where a collection is asked something.

    A collection is `….db[name]`, or an attribute that was set to one.
    """
    for path in sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("core/**/*.py")]):
        tree = ast.parse(path.read_text())
        names = {
            ast.unparse(target)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and _is_collection(node.value, set())
            for target in node.targets
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in METHODS
                and _is_collection(node.func.value, names)
            ):
                yield path, node


def _is_collection(node: ast.expr, names: set[str]) -> bool:
    text = ast.unparse(node)
    if text in names:
        return True
    return isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("db")


def _filters(name: str, command: Mapping[str, Any]) -> list[Filter]:
    match name:
        case "find":
            return [command.get("filter", {})]
        case "update":
            return [one["q"] for one in command["updates"]]
        case "delete":
            return [one["q"] for one in command["deletes"]]
        case "findAndModify" | "distinct" | "count":
            return [command.get("query", {})]
        case "aggregate":
            return [one["$match"] for one in command["pipeline"] if "$match" in one]
        case _:
            return []


def _fields(query: Filter) -> Iterator[str]:
    for name, value in query.items():
        operators = (
            isinstance(value, Mapping)
            and value
            and all(str(key).startswith("$") for key in value)
        )
        yield " ".join([name, *sorted(value)]) if operators else name


async def scans(database: Database, query: Query, asked: Filter) -> bool:
    """Return whether the server would read the whole collection for this.

    A write that names one `_id` is found by it, whatever else it demands; the embedded
    server explains it otherwise, and a read of that kind does scan there.
    """
    if query.command in {"update", "delete"} and {"_id", "_id $in"} & set(query.fields):
        asked = {"_id": asked["_id"]}
    explained = await database.db.command(
        "explain",
        {"find": query.collection, "filter": dict(asked)},
        verbosity="queryPlanner",
    )
    return "COLLSCAN" in str(explained["queryPlanner"]["winningPlan"])
