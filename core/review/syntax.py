"""Whether a change of a file's text would break it, for the languages we can parse."""

import ast
import json
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePosixPath

import yaml
from tree_sitter import Node

from core.review.prompt.grammars import Grammar, grammar_of, parser_of

# A hostile file of this size keeps a parser busy for a second.
LARGEST = 256 * 1024
# Python's own parser recurses, and YAML's takes the square of the depth in time: what
# is nested deeper than anybody writes is left to a parser that does neither.
DEEPEST = 100

PYTHON = (".py", ".pyi")


def broken_by(path: str, before: bytes, after: bytes) -> str | None:
    """Return why a file would not parse after a change; None when nothing speaks of it.

    A file that is broken already must not get worse; one in a language that we have no
    grammar for says nothing. Texts are at most LARGEST bytes.
    """
    ending = PurePosixPath(path).suffix.lower()
    if read := READERS.get(ending):
        return None if read(after) else "the file would not parse with it"
    grammar = grammar_of(path)
    if grammar is None:
        return None
    were, _ = _faults(grammar, before)
    are, deep = _faults(grammar, after)
    if are > were:
        return "the file would not parse with it"
    if ending in PYTHON and not are and deep <= DEEPEST and not _is_python(after):
        return None if not _is_python(before) else "the file would not parse with it"
    return None


# Several suggestions for one file share what it was before.
@lru_cache(maxsize=4)
def _faults(grammar: Grammar, data: bytes) -> tuple[int, int]:
    """Return how many nodes of a tree are wrong or missing, and how deep it is."""
    tree = parser_of(grammar).parse(data)
    cursor = tree.walk()
    faults = depth = deepest = 0
    while True:
        node: Node | None = cursor.node
        if node is not None and (node.is_error or node.is_missing):
            faults += 1
        deepest = max(deepest, depth)
        if cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return faults, deepest
            depth -= 1


def _is_python(data: bytes) -> bool:
    return _reads(ast.parse, data)


def _is_yaml(data: bytes) -> bool:
    return _reads(_walk_yaml, data)


def _walk_yaml(data: bytes) -> None:
    """Read events alone, so that no object is made, and no alias followed."""
    depth = 0
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for event in yaml.parse(data, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            msg = "it is nested too deep"
            raise ValueError(msg)


def _is_json(data: bytes) -> bool:
    return _reads(json.loads, data)


def _is_toml(data: bytes) -> bool:
    return _reads(lambda text: tomllib.loads(text.decode()), data)


def _reads(parse: Callable[[bytes], object], data: bytes) -> bool:
    try:
        parse(data)
    # A hostile text can exhaust what a parser has; then nobody may be offered it.
    except (SyntaxError, ValueError, RecursionError, MemoryError, yaml.YAMLError):
        return False
    return True


READERS: dict[str, Callable[[bytes], bool]] = {
    ".json": _is_json,
    ".toml": _is_toml,
    ".yaml": _is_yaml,
    ".yml": _is_yaml,
}
