"""The peer DBOS: a workflow of ten steps, each step's result in its system database.

Run by the peers' own interpreter with the database's address.
"""

import sqlite3
import sys

from dbos import DBOS

from tests.benchmarks.programs.peers import work


@DBOS.step()
def step(state: work.State) -> work.State:
    """Leave the next state."""
    return work.after(state)


@DBOS.workflow()
def ten_steps(state: work.State) -> work.State:
    """Do the steps after each other."""
    for _ in range(work.STEPS):
        state = step(state)
    return state


def main(address: str) -> None:
    """Answer orders until there are no more."""
    if address.startswith("sqlite:"):
        with sqlite3.connect(address.removeprefix("sqlite:///")) as database:
            database.execute("PRAGMA journal_mode=WAL")
    DBOS(
        config={
            "name": "bench",
            "system_database_url": address,
            "console_log_level": "WARNING",
        }
    )
    DBOS.launch()
    work.answer(ready=True)
    for order in work.orders():
        work.answer(
            **work.by_threads(
                lambda: _checked(ten_steps(work.first())), order["runs"], order["slots"]
            )
        )
    DBOS.destroy()


def _checked(state: work.State) -> None:
    assert state["step"] == work.STEPS


if __name__ == "__main__":
    main(sys.argv[1])
