"""The pieces of the report: texts that command nothing, tables, bars, diffs."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.review.invisible import strip_invisible

MOST_LINES = 400
# So many of the parts that are folded are on the page.
MOST_FOLDED = 60
CODE = re.compile(r"`([^`\n]+)`")
LONGEST_LINE = 500
LONGEST_TEXT = 2000
SIGNS = {"+": "add", "-": "del", "@": "at"}
# What a bar is measured in; it is stretched to the width of its cell.
WIDE, HIGH, THINNEST = 1000, 10, 6
SHORT = 100
# In seconds, each with the next smaller one.
UNITS = ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What is there for who wants it: a title, and a text whose lines may be a diff's.

    `member` is where the bundle has all of it.
    """

    title: str
    text: str
    member: str = ""


def safe(text: object, limit: int = LONGEST_TEXT) -> str:
    """Return a text as HTML that shows it: no markup, nothing invisible, cut."""
    plain = strip_invisible(str(text))
    if len(plain) > limit:
        plain = f"{plain[:limit]}…"
    return html.escape(plain)


def prose(text: object, limit: int = LONGEST_TEXT) -> str:
    """Return a sentence as HTML, in which what stands between backticks is code."""
    return CODE.sub(r"<code>\1</code>", safe(text, limit))


def chip(text: str, kind: str = "") -> str:
    """Return a word in a coloured box."""
    return f'<span class="chip {kind}">{safe(text)}</span>'


def table(heads: Sequence[tuple[str, str]], rows: Iterable[str]) -> str:
    """Return rows under their heads, each a name and its class."""
    head = "".join(f'<th class="{kind}">{safe(name)}</th>' for name, kind in heads)
    body = "\n".join(rows)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def row(cells: Iterable[tuple[str, str]], kind: str = "") -> str:
    """Return one row of cells that are HTML, each with its class."""
    inner = "".join(f'<td class="{name}">{cell}</td>' for cell, name in cells)
    return f'<tr class="{kind}">{inner}</tr>'


def bar(begin: float, end: float, kind: str = "fill") -> str:
    """Return a bar between two shares of the whole; it needs no style of its own."""
    at = min(max(begin, 0.0), 1.0) * WIDE
    to = min(max(end, 0.0), 1.0) * WIDE
    width = max(to - at, THINNEST)
    at = min(at, WIDE - width)
    return (
        f'<svg viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none">'
        f'<rect class="track" width="{WIDE}" height="{HIGH}"/>'
        f'<rect class="{kind}" x="{at:.1f}" width="{width:.1f}" height="{HIGH}"/>'
        "</svg>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names with their values as HTML; those without a value are left out."""
    shown = (f"<dt>{safe(name)}</dt><dd>{value}</dd>" for name, value in pairs if value)
    return f"<dl>{''.join(shown)}</dl>"


def folded(part: Folded) -> str:
    """Return a text that opens when it is asked to, its lines coloured as a diff's."""
    lines = part.text.split("\n")
    shown = "\n".join(_line(one) for one in lines[:MOST_LINES])
    left = len(lines) - MOST_LINES
    where = f"; all of it is in {safe(part.member)}" if part.member else ""
    more = f"<p class='soft'>{left:,} more lines{where}.</p>" if left > 0 else ""
    return (
        f"<details><summary>{safe(part.title)}</summary>"
        f"<pre>{shown}</pre>{more}</details>"
    )


def span(seconds: float) -> str:
    """Return a span of time as people say it."""
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < SHORT:
        return f"{seconds:.1f} s"
    length, unit, small, part = next(one for one in UNITS if round(seconds) >= one[0])
    whole, rest = divmod(round(seconds / small), length // small)
    return f"{whole} {unit} {rest} {part}" if rest else f"{whole} {unit}"


def shown(time: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def section(title: str, inner: str, *, card: bool = False) -> str:
    """Return a section under its title, both HTML; a card has a frame."""
    inner = f'<div class="card">{inner}</div>' if card else inner
    return f"<section><h2>{title}</h2>\n{inner}</section>"


def _line(line: str) -> str:
    kind = SIGNS.get(line[:1])
    shown = safe(line, LONGEST_LINE)
    return f'<span class="{kind}">{shown}</span>' if kind else shown
