"""Pieces of Markdown that hold anybody's words and cannot act."""

from collections.abc import Iterable, Sequence

from core.review.sanitize import clean_comment, clean_line, code_span

LONGEST = 600
IN_A_CELL = 240


def prose(text: str, limit: int = LONGEST) -> str:
    """Return one line of prose whose code spans stay, and in which nothing acts."""
    return clean_comment(clean_line(text, limit=limit))


def code(text: str, limit: int = 120) -> str:
    """Return any text as one line of code; nothing when there is no text."""
    line = clean_line(text, limit=limit)
    return code_span(line) if line else ""


def cell(text: str, limit: int = IN_A_CELL) -> str:
    """Return prose for a cell of a table.

    A `|` ends a cell even in code, where no escape is read: a broken bar stands for it.
    """
    return prose(text.replace("|", "¦"), limit)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table of cells that are clean already; none of no rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    if not body:
        return []
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *body]


def section(title: str, lines: Sequence[str]) -> list[str]:
    """Return a section with a heading and an empty line behind it; none of no lines."""
    return [f"## {title}", "", *lines, ""] if lines else []
