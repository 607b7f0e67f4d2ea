"""Which parser reads which files, and what it calls a definition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_rust
import tree_sitter_typescript
from tree_sitter import Language, Parser


@dataclass(frozen=True, slots=True)
class Grammar:
    """A language: how it is loaded, and the nodes that define something with a name."""

    load: Callable[[], object]
    definitions: frozenset[str]


_SCRIPT = frozenset(
    {
        "abstract_class_declaration",
        "class",
        "class_declaration",
        "enum_declaration",
        "function_declaration",
        "generator_function_declaration",
        "interface_declaration",
        "internal_module",
        "method_definition",
        "type_alias_declaration",
        # `const name = () => …`; whether it holds a function is looked at.
        "variable_declarator",
    }
)
_PYTHON = Grammar(
    tree_sitter_python.language, frozenset({"class_definition", "function_definition"})
)
_JAVASCRIPT = Grammar(tree_sitter_javascript.language, _SCRIPT)
_TYPESCRIPT = Grammar(tree_sitter_typescript.language_typescript, _SCRIPT)
_TSX = Grammar(tree_sitter_typescript.language_tsx, _SCRIPT)
_GO = Grammar(
    tree_sitter_go.language,
    frozenset({"function_declaration", "method_declaration", "type_spec"}),
)
_JAVA = Grammar(
    tree_sitter_java.language,
    frozenset(
        {
            "annotation_type_declaration",
            "class_declaration",
            "constructor_declaration",
            "enum_declaration",
            "interface_declaration",
            "method_declaration",
            "record_declaration",
        }
    ),
)
_RUST = Grammar(
    tree_sitter_rust.language,
    frozenset(
        {
            "enum_item",
            "function_item",
            "impl_item",
            "macro_definition",
            "mod_item",
            "struct_item",
            "trait_item",
        }
    ),
)
GRAMMARS: Mapping[str, Grammar] = {
    ".cjs": _JAVASCRIPT,
    ".cts": _TYPESCRIPT,
    ".go": _GO,
    ".java": _JAVA,
    ".js": _JAVASCRIPT,
    ".jsx": _JAVASCRIPT,
    ".mjs": _JAVASCRIPT,
    ".mts": _TYPESCRIPT,
    ".py": _PYTHON,
    ".pyi": _PYTHON,
    ".rs": _RUST,
    ".ts": _TYPESCRIPT,
    ".tsx": _TSX,
}


def grammar_of(path: str) -> Grammar | None:
    """Return the grammar for a file, by the end of its name."""
    return GRAMMARS.get(PurePosixPath(path).suffix.lower())


@cache
def _language(grammar: Grammar) -> Language:
    return Language(grammar.load())


def parser_of(grammar: Grammar) -> Parser:
    """Return a parser of the caller's own: one may not be shared between threads."""
    return Parser(_language(grammar))
