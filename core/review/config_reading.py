"""Reads `.github/nofx.yml`: whatever is in it, there is a configuration; pure.

What is wrong is told by line and column, and its default holds instead. What cannot be
read at all leaves every default. So that a slip never makes a review laxer than the
default, a file with an error in it is never followed by a green check: nobody knows
what else its authors wanted. An unknown key is named and passed over; it is no error.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any, Protocol, TypeVar, cast, get_args

import yaml
from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from core.review.config import FILE, ReviewConfig, Section

LARGEST = 64 * 1024
DEEPEST = 12
MOST_PROBLEMS = 50
LONGEST_NAME = 60
Kind = TypeVar("Kind", bound=Section)
# The parser in C where there is one: it is ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SCALARS: Mapping[str, Callable[[str], Any]] = {
    "bool": lambda text: text.lower() in {"yes", "true", "on"},
    "int": int,
    "float": float,
}


class Mark(Protocol):
    """A place in the text, as both parsers of YAML mark it: counted from 0."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong; line and column count from 1.

    `error` is False for what is passed over and changes nothing.
    """

    line: int
    column: int
    path: str
    words: str
    error: bool = True

    @override
    def __str__(self) -> str:
        """Return it in one sentence, for people who know which file is meant."""
        where = f"{self.path}: " if self.path else ""
        return f"line {self.line}, column {self.column}: {where}{self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConfig:
    """What holds, and what is wrong with the file."""

    config: ReviewConfig = field(default_factory=ReviewConfig)
    problems: tuple[Problem, ...] = ()

    @property
    def broken(self) -> bool:
        """Return whether something was wanted that nobody could read."""
        return any(one.error for one in self.problems)


class _UnreadableError(Exception):
    """The file as a whole cannot be used; `problem` says why."""

    def __init__(self, words: str, mark: Mark | None = None) -> None:
        self.problem = _problem(mark, "", words)
        super().__init__(words)


def read_config(data: bytes | None) -> ReadConfig:
    """Return what a file of that content means; None is a file that is not there."""
    if data is None:
        return ReadConfig()
    try:
        root = _root(data)
    except _UnreadableError as error:
        return ReadConfig(problems=(error.problem,))
    problems: list[Problem] = []
    config = _section(ReviewConfig, root, "", problems) if root else None
    return ReadConfig(config=config or ReviewConfig(), problems=_bounded(problems))


def unreadable(words: str) -> ReadConfig:
    """Return the defaults, for a file that nobody can read, and why."""
    return ReadConfig(problems=(_problem(None, "", words),))


def _root(data: bytes) -> yaml.MappingNode | None:
    """Return the file's mapping, None for an empty file; raises _UnreadableError."""
    if len(data) > LARGEST:
        raise _UnreadableError(
            f"the file has more than {LARGEST} bytes and is not read"
        )
    try:
        text = data.decode("utf-8-sig")
        _check_plain(text)
        root = yaml.compose(text, Loader=LOADER)
    except UnicodeDecodeError:
        raise _UnreadableError("the file is not text in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        words = f"it is no YAML: {error.problem or error.context or 'unreadable'}"
        raise _UnreadableError(words, error.problem_mark) from None
    except yaml.YAMLError:
        raise _UnreadableError(
            "it is no YAML: a character has no place in it"
        ) from None
    if root is None or _is_null(root):
        return None
    if not isinstance(root, yaml.MappingNode):
        words = "the file should be a mapping, such as `drafts: true`"
        raise _UnreadableError(words, root.start_mark)
    return root


def _check_plain(text: str) -> None:
    """Raise _UnreadableError for what would grow, go deep, or make objects."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            words = "anchors and aliases (& and *) are not read"
            raise _UnreadableError(words, event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _UnreadableError("tags (!) are not read", event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            words = f"more than {DEEPEST} levels are not read"
            raise _UnreadableError(words, event.start_mark)


def _section(
    kind: type[Kind], node: yaml.Node, path: str, problems: list[Problem]
) -> Kind | None:
    """Return the section, of what could be read; None when a needed key is missing."""
    if not isinstance(node, yaml.MappingNode):
        problems.append(_problem(node.start_mark, path, "it should be a mapping"))
        return None
    values: dict[str, Any] = {}
    seen: set[str] = set()
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        where = f"{path}.{_short(name)}".lstrip(".")
        if name not in kind.model_fields:
            words = _unknown(name, tuple(kind.model_fields))
            problems.append(_problem(key.start_mark, where, words, error=False))
        elif name in seen:
            words = "it is given twice, and the first holds"
            problems.append(_problem(key.start_mark, where, words))
        else:
            seen.add(name)
            # A key without a value says nothing.
            if not _is_null(value):
                found = _value(kind, name, value, where, problems)
                values |= {} if found is None else {name: found}
    needed = [name for name, one in kind.model_fields.items() if one.is_required()]
    missing = [name for name in needed if name not in values]
    if missing:
        if not seen.issuperset(missing):
            words = f"{' and '.join(missing)} should be given"
            problems.append(_problem(node.start_mark, path, words))
        return None
    return kind.model_construct(**values)


def _value(
    kind: type[Section],
    name: str,
    node: yaml.Node,
    path: str,
    problems: list[Problem],
) -> Any:
    """Return a key's value, None when it cannot be used."""
    section = _section_of(kind.model_fields[name].annotation)
    if section is None:
        return _accepted(kind, name, _plain(node), node, path, problems)
    if section is kind.model_fields[name].annotation:
        return _section(section, node, path, problems)
    if not isinstance(node, yaml.SequenceNode):
        problems.append(_problem(node.start_mark, path, "it should be a list"))
        return None
    items = [
        _section(section, item, f"{path}[{at}]", problems)
        for at, item in enumerate(node.value)
    ]
    given = tuple(one for one in items if one is not None)
    return _accepted(kind, name, given, node, path, problems)


def _accepted(
    kind: type[Section],
    name: str,
    value: Any,
    node: yaml.Node,
    path: str,
    problems: list[Problem],
) -> Any:
    try:
        return _adapter(kind, name).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at, place = _descend(node, first["loc"])
        message = first["msg"].removeprefix("Value error, ").replace("tuple", "list")
        words = f"{message}; its default holds"
        problems.append(_problem(at.start_mark, f"{path}{place}", words))
        return None


@cache
def _adapter(kind: type[Section], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(kind.model_fields[name].rebuild_annotation())


def _section_of(annotation: Any) -> type[Any] | None:
    """Return the section that a field is, or is a list of."""
    for one in (annotation, *get_args(annotation)[:1]):
        if isinstance(one, type) and issubclass(one, Section):
            return one
    return None


def _descend(node: yaml.Node, loc: Sequence[int | str]) -> tuple[yaml.Node, str]:
    """Return the node that a validator's place means, and that place in words."""
    if loc and isinstance(loc[0], int) and isinstance(node, yaml.SequenceNode):
        return cast("yaml.Node", node.value[loc[0]]), f"[{loc[0]}]"
    return node, ""


def _plain(node: yaml.Node) -> Any:
    """Return a node as values of JSON; keys and odd scalars are texts."""
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if _is_null(node):
        return None
    text = str(node.value)
    try:
        return SCALARS.get(node.tag.rpartition(":")[2], str)(text)
    except ValueError:
        return text


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def _unknown(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name[:LONGEST_NAME], known, n=1)
    meant = f"; is {near[0]} meant?" if near else f"; known are {', '.join(known)}"
    return f"this key is not known and was ignored{meant}"


def _short(name: str) -> str:
    one = " ".join(name.split())
    return one if len(one) <= LONGEST_NAME else f"{one[:LONGEST_NAME]}…"


def _problem(
    mark: Mark | None, path: str, words: str, *, error: bool = True
) -> Problem:
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    return Problem(
        line=line + 1, column=column + 1, path=path, words=words, error=error
    )


def _bounded(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return what people can read, errors before what changes nothing."""
    ranked = sorted(problems, key=lambda one: not one.error)
    more = len(ranked) - MOST_PROBLEMS
    return tuple(ranked if more <= 0 else (*ranked[:MOST_PROBLEMS], _more(more)))


def _more(count: int) -> Problem:
    return Problem(line=1, column=1, path="", words=f"and {count} more", error=False)


def compiler_lines(problems: Sequence[Problem], file: str = FILE) -> Iterator[str]:
    """Yield the problems as compilers print them: file:line:column: kind: words."""
    for one in problems:
        kind = "error" if one.error else "warning"
        where = f"{one.path}: " if one.path else ""
        yield f"{file}:{one.line}:{one.column}: {kind}: {where}{one.words}"
