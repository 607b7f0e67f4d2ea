"""Tables that a tired person can read, on a terminal and in a pipe."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from bot.plain import one_line
from bot.terminal import console_for, plain_console

# Wide enough that no line is folded or cut where a program reads.
PIPE_WIDTH = 10_000
# The colour of a state's word, wherever it stands in a table.
COLOURS: Mapping[str, str] = {
    "succeeded": "green",
    "passed": "green",
    "approved": "green",
    "performed": "green",
    "success": "green",
    "valid": "green",
    "running": "cyan",
    "queued": "cyan",
    "waiting_gate": "yellow",
    "waiting_approval": "yellow",
    "retry_wait": "yellow",
    "paused": "yellow",
    "cancelling": "yellow",
    "waived": "yellow",
    "neutral": "yellow",
    "gate_failed": "red",
    "failed": "red",
    "rejected": "red",
    "failure": "red",
    "dead": "red",
    "expired": "red",
    "revoked": "red",
    "cancelled": "dim",
    "skipped": "dim",
}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under their heads; a terminal gets colours, a pipe whole lines.

    The first column holds names to copy, and is never folded.
    """
    shown = console_for(sys.stdout)
    console = shown if shown.is_terminal else plain_console(PIPE_WIDTH)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for place, head in enumerate(heads):
        whole = place == 0 or not shown.is_terminal
        grid.add_column(head, no_wrap=whole, overflow="fold")
    for row in rows:
        cells = [one_line(cell) for cell in row]
        grid.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in cells))
    with console.capture() as captured:
        console.print(grid)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def minute(time: datetime) -> str:
    """Return a time to the minute, in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def span(seconds: float) -> str:
    """Return a span of time in the largest unit of which it has two."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s"
