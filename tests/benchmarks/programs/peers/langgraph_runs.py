"""The peer LangGraph: a graph of ten nodes in a row, a checkpoint after each.

Run by the peers' own interpreter with the database's address.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, pairwise
from typing import Any, TypedDict

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from tests.benchmarks.programs.peers import work

THREADS = count(1)


class Channels(TypedDict):
    """The state, in the shape that a graph asks for."""

    state: dict[str, Any]


def node(channels: Channels) -> Channels:
    """Leave the next state."""
    return {"state": work.after(channels["state"])}


@contextmanager
def saver(address: str) -> Iterator[Any]:
    """Yield the saver of a database."""
    if address.startswith("sqlite:"):
        path = address.removeprefix("sqlite:///")
        with sqlite3.connect(path, check_same_thread=False) as connection:
            yield SqliteSaver(connection)
        return
    keys = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    with ConnectionPool(address, min_size=8, max_size=8, kwargs=keys) as pool:
        yield PostgresSaver(pool)


def main(address: str) -> None:
    """Answer orders until there are no more."""
    builder = StateGraph(Channels)
    names = [f"step{number}" for number in range(1, work.STEPS + 1)]
    for name in names:
        builder.add_node(name, node)
    for one, other in pairwise((START, *names, END)):
        builder.add_edge(one, other)
    with saver(address) as kept:
        kept.setup()
        graph = builder.compile(checkpointer=kept)

        def run() -> None:
            config = {"configurable": {"thread_id": f"thread-{next(THREADS)}"}}
            end = graph.invoke({"state": work.first()}, config, durability="sync")
            assert end["state"]["step"] == work.STEPS

        work.answer(ready=True)
        for order in work.orders():
            work.answer(**work.by_threads(run, order["runs"], order["slots"]))


if __name__ == "__main__":
    main(sys.argv[1])
