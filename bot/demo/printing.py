"""Prints a pull request as GitHub would show it: comments under code, check, talk."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from bot.plain import counted, one_line, visible

Json = Mapping[str, Any]
CONTEXT = 2
LONGEST = 14
LONGEST_LINE = 300
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
HIDDEN = re.compile(r"<!--.*?-->|</?(?:sub|details|summary|br)\s*/?>", re.DOTALL)
SIGNS = {"+": "green", "-": "red"}
CONCLUSIONS = {"success": "bold green", "failure": "bold red"}


def print_heading(console: Console, pull: Json, url: str) -> None:
    """Print what the pull request is."""
    console.print()
    console.print(_rule(f"Pull request #{pull['number']}"))
    console.print(Text(one_line(pull["title"]), style="bold"))
    console.print(
        Text(
            f"{counted(pull['commits'], 'commit')},"
            f" {counted(pull['changed_files'], 'file')},"
            f" +{pull['additions']} -{pull['deletions']},"
            f" {pull['base']['sha'][:7]} to {pull['head']['sha'][:7]}"
        )
    )
    console.print(Text(url, style="dim"), soft_wrap=True)


def print_comments(console: Console, comments: Sequence[Json]) -> None:
    """Print each line comment under the code that it is about."""
    console.print()
    title = counted(len(comments), "line comment") if comments else "No line comments"
    console.print(_rule(title))
    for comment in sorted(comments, key=_position):
        console.print()
        place = f"{one_line(comment['path'])}:{_lines(comment)}"
        console.print(Text(place, style="bold"), soft_wrap=True)
        for row in _code(comment):
            console.print(row, soft_wrap=True)
        _print_markdown(console, comment["body"], indent=4)


def print_check(console: Console, check: Json) -> None:
    """Print the check run's conclusion, title and summary."""
    console.print()
    console.print(_rule(f"Check run: {check['name']}"))
    conclusion = check["conclusion"] or check["status"]
    line = Text(conclusion, style=CONCLUSIONS.get(conclusion, "bold yellow"))
    line.append(f"  {one_line(check['output']['title'] or '')}", style="default")
    console.print(line)
    _print_markdown(console, check["output"]["summary"] or "")


def print_talk(console: Console, comments: Sequence[Json]) -> None:
    """Print the conversation, oldest first."""
    for comment in comments:
        console.print()
        console.print(_rule(f"Comment by {one_line(comment['user']['login'])}"))
        _print_markdown(console, comment["body"])


def _print_markdown(console: Console, text: str, *, indent: int = 0) -> None:
    """Print Markdown without what GitHub does not show, and without commands."""
    shown = visible(HIDDEN.sub("", text)).strip()
    block = Padding(Markdown(shown, hyperlinks=False), (0, 0, 0, indent))
    if console.is_terminal:
        console.print(block)
        return
    with console.capture() as captured:
        console.print(block)
    for line in captured.get().splitlines():
        console.print(Text(line.rstrip()), soft_wrap=True)


def _code(comment: Json) -> list[Text]:
    """Return the commented lines with a little before them, as the diff shows them."""
    lines = visible(comment["diff_hunk"]).split("\n")
    header = HUNK.match(lines[0])
    if header is None:
        return []
    old, new = int(header[1]), int(header[2])
    rows: list[tuple[int, str]] = []
    for line in lines[1:]:
        sign = line[:1]
        rows.append((old if sign == "-" else new, line))
        old += sign != "+"
        new += sign != "-"
    first, last = _range(comment)
    rows = rows[-min(LONGEST, last - first + 1 + CONTEXT) :]
    width = len(str(max((number for number, _ in rows), default=0)))
    return [_row(number, line, width) for number, line in rows]


def _row(number: int, line: str, width: int) -> Text:
    """Return one line of code behind its number."""
    row = Text(f"  {number:>{width}} | ", style="dim")
    return row.append(line[:LONGEST_LINE], style=SIGNS.get(line[:1], "default"))


def _range(comment: Json) -> tuple[int, int]:
    """Return the first and last line of a comment; of an outdated one, the old."""
    last = comment["line"] or comment["original_line"] or 0
    return comment["start_line"] or comment["original_start_line"] or last, last


def _lines(comment: Json) -> str:
    """Return the lines in words."""
    first, last = _range(comment)
    return str(last) if first == last else f"{first}-{last}"


def _position(comment: Json) -> tuple[str, int]:
    """Return where a comment stands, for sorting."""
    return comment["path"], _range(comment)[1]


def _rule(title: str) -> Rule:
    """Return a line across, with a title that looks the same on any terminal."""
    return Rule(Text(title, style="bold"), align="left", characters="-", style="dim")
