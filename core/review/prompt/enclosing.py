"""In which function and class a line stands: by a parser, by git, or by indentation."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from tree_sitter import Node, Tree

from core.review.hunks import Hunk, LineKind
from core.review.prompt.grammars import Grammar, grammar_of, parser_of
from core.review.sanitize import clean_line

# Larger files are data, and would take seconds.
LARGEST = 1 << 20
LONGEST_SIGNATURE = 200
# Nobody nests definitions deeper; what the parser makes of noise may be.
DEEPEST = 5
FUNCTIONS = {"arrow_function", "function_expression", "function", "class"}
OPENING = re.compile(rb"[:{(\[]\s*(?:#.*|//.*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Something with a name, from its line on: `signature` is all before its body.

    `line` is 0 where only git's hunk header tells of it.
    """

    name: str
    signature: str
    line: int


def enclosing(path: str, source: bytes, line: int) -> tuple[Definition, ...]:
    """Return the definitions around a line of the file, the outermost first.

    Lines count from 1. Empty at the top of a file, and where no grammar is at hand.
    """
    grammar = grammar_of(path)
    if grammar is None or len(source) > LARGEST:
        return ()
    root = _tree(grammar, source).root_node
    lines = source.split(b"\n")
    if not 1 <= line <= len(lines):
        return ()
    text = lines[line - 1]
    point = (line - 1, len(text) - len(text.lstrip()))
    found = [
        one
        for node in _upwards(root.descendant_for_point_range(point, point))
        if node.type in grammar.definitions and (one := _definition(node))
    ]
    return tuple(reversed(found[:DEEPEST]))


@lru_cache(maxsize=4)
def _tree(grammar: Grammar, source: bytes) -> Tree:
    """Parse a file once for all of its hunks, which are asked for one after another."""
    return parser_of(grammar).parse(source)


def qualified(definitions: Sequence[Definition]) -> str:
    """Return the whole name, for example `Store.keep`; empty outside of all."""
    return ".".join(one.name for one in definitions)


def enclosing_hunk(hunk: Hunk, source: bytes | None) -> tuple[Definition, ...]:
    """Return the definitions around a hunk's first changed line.

    Without a grammar git's own header of the hunk tells, and without that the lines
    above that are indented less.
    """
    if source is not None and (found := _parsed(hunk, source)):
        return found
    if source is not None and grammar_of(hunk.path) and len(source) <= LARGEST:
        return ()
    if section := clean_line(hunk.section, limit=LONGEST_SIGNATURE):
        return (Definition(name=section, signature=section, line=0),)
    if source is None or len(source) > LARGEST:
        return ()
    return _by_indentation(source, _around(hunk)[-1])


def _parsed(hunk: Hunk, source: bytes) -> tuple[Definition, ...]:
    """Return what encloses both sides of where the change begins."""
    chains = [enclosing(hunk.path, source, line) for line in _around(hunk)]
    pairs = zip(*chains, strict=False)
    return tuple(pair[0] for pair in takewhile(lambda pair: len({*pair}) == 1, pairs))


def _around(hunk: Hunk) -> tuple[int, ...]:
    """Return the first changed line at the head, for removed lines those beside it."""
    line = hunk.new_start
    for one in hunk.lines():
        if one.kind is LineKind.ADDED:
            return (line,)
        if one.kind is LineKind.REMOVED:
            # A hunk without any line at the head starts behind the line that it names.
            before = line - 1 if hunk.new_count else line
            last = hunk.new_start + hunk.new_count - 1
            return (before, before + 1) if before < last else (max(before, 1),)
        line += 1
    return (hunk.new_start,)


def _upwards(node: Node | None) -> Iterator[Node]:
    while node is not None:
        inner = node.child_by_field_name("definition")
        if node.type == "decorated_definition" and inner is not None:
            # A decorator belongs to what it decorates.
            yield inner
        # Its parent is met next; it would be told of twice.
        if not (node.parent and node.parent.type == "decorated_definition"):
            yield node
        node = node.parent


def _definition(node: Node) -> Definition | None:
    name = node.child_by_field_name("name")
    if node.type == "impl_item":
        name = node.child_by_field_name("type")
    value = node.child_by_field_name("value")
    if node.type == "variable_declarator" and (
        value is None or value.type not in FUNCTIONS
    ):
        return None
    words = _text(name)
    if not words:
        return None
    return Definition(
        name=words, signature=_signature(node, value), line=node.start_point[0] + 1
    )


def _signature(node: Node, value: Node | None) -> str:
    body = node.child_by_field_name("body")
    if body is None and value is not None:
        body = value.child_by_field_name("body")
    whole = node.text or b""
    head = whole[: body.start_byte - node.start_byte] if body else whole.split(b"\n")[0]
    text = clean_line(head.decode("utf-8", "replace"), limit=LONGEST_SIGNATURE)
    return text.rstrip("{: ")


def _text(node: Node | None) -> str:
    data = node.text if node is not None else None
    return clean_line((data or b"").decode("utf-8", "replace"), limit=100)


def _by_indentation(source: bytes, line: int) -> tuple[Definition, ...]:
    lines = source.split(b"\n")[:line]
    if not lines:
        return ()
    least = _indent(lines[-1]) if lines[-1].strip() else len(lines[-1]) + 1
    found: list[Definition] = []
    for number in range(len(lines) - 1, 0, -1):
        text = lines[number - 1]
        if not least or len(found) == DEEPEST:
            break
        if text.strip() and _indent(text) < least:
            least = _indent(text)
            if OPENING.search(text):
                words = clean_line(
                    text.decode("utf-8", "replace"), limit=LONGEST_SIGNATURE
                )
                found.append(Definition(name=words, signature=words, line=number))
    return tuple(reversed(found))


def _indent(text: bytes) -> int:
    return len(text) - len(text.lstrip())
