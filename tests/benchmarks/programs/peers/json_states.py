"""The states that every differ is given alike, and how it is measured; plain Python."""

import copy
import json
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Protocol

from tests.benchmarks.programs.peers import work

ITEMS = 20_000
STEPS = 1_000
# Values that Python takes for equal stand beside each other.
SCALARS = (None, True, False, 0, 1, 1.0, 0.0, -0.0, "", "1", "a", "a\nb\nc", "a\nc")
NAMES = ("a", "b", "c/d", "e~f", "")

Pair = tuple[Any, Any]


class Differ(Protocol):
    """One library: how it finds a difference, applies it, and counts what is in it."""

    def find(self, before: Any, after: Any) -> Any:
        """Return a difference in the library's own format."""
        ...

    def apply(self, before: Any, found: Any) -> Any:
        """Return what it makes of a state, which may be changed."""
        ...

    def count(self, found: Any) -> int:
        """Return how many operations it has."""
        ...


class LateError(Exception):
    """A library took longer than it was given."""


def case(name: str) -> Pair:
    """Return the two states of a case."""
    return CASES[name]()


def trip(seed: int) -> Pair:
    """Return a small state and another, most often one that was made of it."""
    chance = random.Random(seed)  # noqa: S311 # nobody has to guess it
    before = {"state": _value(chance, 0)}
    if chance.random() < 0.2:
        return before, {"state": _value(chance, 0)}
    return before, {"state": _edited(chance, copy.deepcopy(before["state"]))}


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two states are the same in every bit."""
    return _text(one) == _text(other)


def serve(differ: Differ) -> None:
    """Answer orders until there are no more: to time a case, or to make round trips."""
    work.answer(ready=True)
    signal.signal(signal.SIGALRM, _late)
    cases: dict[str, Pair] = {}
    while line := sys.stdin.readline():
        order = json.loads(line)
        if order["do"] == "trips":
            wrong = sum(not _holds(differ, *trip(at)) for at in range(order["times"]))
            work.answer(wrong=wrong)
            continue
        name = order["case"]
        if name not in cases:
            cases[name] = case(name)
        signal.setitimer(signal.ITIMER_REAL, order["patience"])
        try:
            work.answer(**_timed(differ, *cases[name], order["times"]))
        except LateError:
            work.answer(late=True)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def _timed(differ: Differ, before: Any, after: Any, times: int) -> Mapping[str, Any]:
    """Return the seconds of CPU that one takes, and what came of it."""
    began = time.process_time()
    for _ in range(times):
        found = differ.find(before, after)
    seconds = (time.process_time() - began) / times
    made = differ.apply(copy.deepcopy(before), found)
    return {
        "seconds": seconds,
        "operations": differ.count(found),
        "right": is_same(made, after),
    }


def _holds(differ: Differ, before: Any, after: Any) -> bool:
    """Tell whether a library's own difference makes the one state of the other."""
    kept = copy.deepcopy(before)
    try:
        found = differ.find(before, after)
        made = differ.apply(kept, found)
    except Exception:  # noqa: BLE001 # whatever it raises, it did not get there
        return False
    return is_same(made, after)


def _late(_: int, __: FrameType | None) -> None:
    raise LateError


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _items(identity: Callable[[int], Any]) -> list[Any]:
    return [_item(at, identity(at)) for at in range(ITEMS)]


def _item(at: int, identity: Any) -> Any:
    return {
        "id": identity,
        "name": f"item {at}",
        "score": at / 2,
        "open": at % 2 == 0,
        "tags": ["a", "b", str(at % 7)],
        "place": {"line": at, "side": None},
    }


def _six(identity: Callable[[int], Any]) -> Pair:
    """Return a list and one with six true edits, each somewhere else."""
    before, after = _items(identity), _items(identity)
    after.insert(ITEMS // 7, _item(ITEMS, identity(ITEMS)))
    after.insert(ITEMS // 2, _item(ITEMS + 1, identity(ITEMS + 1)))
    after[ITEMS // 3]["name"] = "another name"
    after[ITEMS * 2 // 3]["place"]["side"] = "RIGHT"
    after.insert(5, after.pop(ITEMS - 10))
    del after[ITEMS * 4 // 5]
    return {"items": before}, {"items": after}


def _inserts(identity: Callable[[int], Any]) -> Pair:
    """Return a list and one with six items more, scattered."""
    before, after = _items(identity), _items(identity)
    for at in range(6):
        after.insert(at * 3_000 + 500, _item(ITEMS + at, identity(ITEMS + at)))
    return {"items": before}, {"items": after}


def _one_edit() -> Pair:
    before, after = _items(_name), _items(_name)
    after[100]["score"] = 7
    return {"items": before}, {"items": after}


def _steps() -> Pair:
    """Return a state that names a thousand steps, and one with six true edits."""

    def state() -> Any:
        named = {
            f"step-{at}": {
                "status": "done",
                "attempt": 1,
                "started_at": "2026-01-01T00:00:00Z",
                "used": {"cpu": at / 8},
                "out": [at, at + 1],
            }
            for at in range(STEPS)
        }
        return {"title": "A title", "steps": named}

    before, after = state(), state()
    after["title"] = "Another title"
    after["steps"]["step-5"]["status"] = "failed"
    after["steps"]["step-800"]["out"].append(4)
    after["steps"]["step-9"]["used"]["cpu"] = 7
    after["steps"]["new"] = {"status": "queued"}
    del after["steps"]["step-77"]
    return before, after


def _small() -> Any:
    return {
        "title": "A title",
        "description": "some words " * 25,
        "base_sha": "a" * 40,
        "head_sha": "b" * 40,
        "fork": True,
        "missing": [["a.py", "too large"]],
        "comments": {"a.py": 1, "b.py": 2},
        "usage": {"input": 1, "output": 2},
        "recalled": [{"id": at, "text": "x" * 20} for at in range(5)],
    }


def _small_one() -> Pair:
    return _small(), {**_small(), "title": "Another"}


def _small_six() -> Pair:
    after = _small()
    after |= {"title": "Another", "head_sha": "c" * 40}
    after["comments"]["c.py"] = 3
    after["recalled"].insert(2, {"id": 9, "text": "y"})
    after["recalled"][4]["text"] = "z"
    del after["usage"]["output"]
    return _small(), after


def _small_other() -> Pair:
    """Return a state and one in which every name is another."""
    return _small(), {f"{name}_": value for name, value in _small().items()}


def _name(at: int) -> str:
    return f"item-{at}"


def _none(_: int) -> int:
    return 0


CASES: Mapping[str, Callable[[], Pair]] = {
    "20 000 items, six edits": lambda: _six(_name),
    "20 000 items, six inserts": lambda: _inserts(_name),
    "the same, no identity": lambda: _inserts(_none),
    "20 000 items, one edit": _one_edit,
    "1 000 steps, six edits": _steps,
    "1 KB, six edits": _small_six,
    "1 KB, one edit": _small_one,
    "1 KB, all names others": _small_other,
    "1 KB, the same": lambda: (_small(), _small()),
}


def _value(chance: random.Random, level: int) -> Any:
    kind = chance.randrange(9 if level < 3 else 5)
    if kind < 5:
        return chance.choice(SCALARS)
    if kind < 7:
        return [_value(chance, level + 1) for _ in range(chance.randrange(6))]
    if kind == 7:
        names = chance.sample(NAMES, chance.randrange(len(NAMES)))
        return {name: _value(chance, level + 1) for name in names}
    ids = chance.sample(range(12), chance.randrange(8))
    return [{"id": one, "in": _value(chance, level + 2)} for one in ids]


def _edited(chance: random.Random, value: Any) -> Any:
    """Return a value with some parts taken out, moved, changed and put in."""
    if chance.random() < 0.15 or not isinstance(value, dict | list):
        return _value(chance, 2)
    for _ in range(chance.randrange(1, 4)):
        if isinstance(value, dict):
            name = chance.choice(NAMES)
            value[name] = _edited(chance, value.get(name))
            value.pop(chance.choice(NAMES), None)
            continue
        at = chance.randrange(len(value) + 1)
        if at < len(value) and chance.random() < 0.7:
            one = value.pop(at)
            if chance.random() < 0.5:
                value.insert(chance.randrange(len(value) + 1), one)
        else:
            value.insert(at, _value(chance, 2))
    return value
