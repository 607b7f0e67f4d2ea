"""Makes tables in Markdown plain: what one reader takes for a table, all of them do."""

import re
from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt

# What can be the second row of a table.
DELIMITER_ROW = re.compile(r"^(?=.*-)(?=.*[|:])[ \t>*+|:-]+$", re.MULTILINE)
DELIMITER_CELL = re.compile(r":?-+:?")
# A line that would be more than a row where it does not continue a paragraph.
MORE_THAN_ROW = re.compile(
    r" {4}| {0,3}(?:\t|(?:[0-9]{1,9}[.)]|[-+*])(?:[ \t]|$)|[=-]+[ \t]*$)"
)


def settled(text: str, parser: MarkdownIt) -> str:
    """Return the text with tables that are tables in every reading, and no other.

    `parser` reads no tables. Readers differ on where a table begins and ends, and so on
    what is code after it: a sure one is set apart by a blank line, and the second row
    of any other is kept from being one.
    """
    if not DELIMITER_ROW.search(text):
        return text
    lines = text.split("\n")
    for around, token in pairwise(parser.parse(text)):
        if token.type == "inline" and token.map is not None:
            first, last = token.map
            rows = [
                number
                for number in range(first + 1, last)
                if DELIMITER_ROW.fullmatch(lines[number])
            ]
            # A heading that is underlined would be a table with one more row.
            apart = token.level == 1 and around.type == "paragraph_open"
            sure = rows and apart and _is_table(lines, rows[0], first, last)
            if sure and rows[0] - 1 > first:
                lines[rows[0] - 1] = "\n" + lines[rows[0] - 1]
            for number in () if sure else rows:
                before, _, after = lines[number].rpartition("-")
                lines[number] = f"{before}\\-{after}"
    return "\n".join(lines)


def _is_table(lines: list[str], row: int, first: int, last: int) -> bool:
    """Say whether a paragraph has a table whose second row is this, to its end."""
    head = lines[row - 1]
    # With a backslash, readers count its cells differently.
    if "|" not in head or "\\" in head or MORE_THAN_ROW.match(head):
        return False
    cells = list(_cells(lines[row]))
    fits = all(DELIMITER_CELL.fullmatch(cell) for cell in cells)
    apart = row - 1 == first or head.startswith("|")
    rows = lines[row + 1 : last]
    return (
        fits
        and apart
        and len(cells) == len(list(_cells(head)))
        and not MORE_THAN_ROW.match(lines[row])
        and not any(MORE_THAN_ROW.match(one) for one in rows)
    )


def _cells(line: str) -> Iterator[str]:
    """Yield the cells of a row without backslashes."""
    for cell in line.strip().removeprefix("|").removesuffix("|").split("|"):
        yield cell.strip()
