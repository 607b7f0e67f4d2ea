"""What every system is asked to do, and how a program of one answers; plain Python.

A run is ten steps; each takes the state that the one before left and leaves the next,
1 KB of JSON of words, the same for all systems, no step's like another's.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

STEPS = 10
BYTES = 1000
WORDS = (
    *("review", "change", "finding", "anchor", "hunk", "verdict", "parser", "module"),
    *("reader", "writer", "caller", "branch", "merge", "commit", "before", "after"),
    *("never", "always", "wrong", "right", "missing", "checked", "value", "result"),
)
NUMBERS = count(1)
CHANCE = random.Random(1)  # noqa: S311 # the same words for all
# Made once, so that a step costs next to nothing itself.
TEXTS = tuple(
    " ".join(CHANCE.choices(WORDS, k=BYTES))[:BYTES] for _ in range(STEPS + 1)
)

State = dict[str, Any]


def first() -> State:
    """Return the state that a run begins with."""
    return {"step": 0, "number": next(NUMBERS), "text": TEXTS[0]}


def after(state: State) -> State:
    """Return what a step leaves."""
    step = int(state["step"]) + 1
    return {"step": step, "number": state["number"], "text": TEXTS[step]}


def orders() -> Iterator[State]:
    """Yield what is asked for, a line of JSON each: {"runs": …, "slots": …}."""
    for line in sys.stdin:
        yield json.loads(line)


def answer(**facts: object) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def by_threads(run: Callable[[], None], runs: int, slots: int) -> State:
    """Do so many runs, so many at once; returns seconds in all and of each run."""

    def timed() -> float:
        begin = time.perf_counter()
        run()
        return time.perf_counter() - begin

    with ThreadPoolExecutor(slots) as pool:
        begin = time.perf_counter()
        taken = list(pool.map(lambda _: timed(), range(runs)))
        return {"seconds": time.perf_counter() - begin, "taken": taken}
