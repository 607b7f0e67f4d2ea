"""The peers that find differences of JSON, each in its own format, by its name.

Run by the peers' own interpreter with one of DIFFERS.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dictdiffer
import jsondiff
import jsonpatch
from deepdiff import DeepDiff, Delta

from tests.benchmarks.programs.peers import json_states


@dataclass(frozen=True)
class Peer:
    """One library."""

    find: Callable[[Any, Any], Any]
    apply: Callable[[Any, Any], Any]
    count: Callable[[Any], int]


def leaves(value: Any) -> int:
    """Return how many values a difference of jsondiff has."""
    if isinstance(value, dict):
        return sum(map(leaves, value.values()))
    if isinstance(value, list | tuple) and value:
        return sum(map(leaves, value))
    return 1


def entries(found: Any) -> int:
    """Return how many places a difference of deepdiff names."""
    return sum(map(len, found.values()))


DIFFERS: Mapping[str, Peer] = {
    "jsonpatch": Peer(
        find=jsonpatch.make_patch,
        apply=lambda before, found: found.apply(before, in_place=True),
        count=lambda found: len(found.patch),
    ),
    "jsonpatch, with tests": Peer(
        find=lambda before, after: jsonpatch.make_patch(
            before, after, generate_test_ops=True
        ),
        apply=lambda before, found: found.apply(before, in_place=True),
        count=lambda found: len(found.patch),
    ),
    "deepdiff": Peer(
        find=lambda before, after: DeepDiff(
            before, after, ignore_numeric_type_changes=False
        ),
        apply=lambda before, found: before + Delta(found, raise_errors=True),
        count=entries,
    ),
    "dictdiffer": Peer(
        find=lambda before, after: list(dictdiffer.diff(before, after)),
        apply=lambda before, found: dictdiffer.patch(found, before, in_place=True),
        count=lambda found: sum(
            1 if kind == "change" else len(changes) for kind, _, changes in found
        ),
    ),
    "jsondiff": Peer(
        find=jsondiff.diff,
        apply=jsondiff.patch,
        count=leaves,
    ),
}


if __name__ == "__main__":
    json_states.serve(DIFFERS[sys.argv[1]])
