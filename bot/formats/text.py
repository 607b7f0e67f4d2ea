"""A review as a person reads it on a terminal: findings under their code."""

import re

from rich.console import Console
from rich.text import Text

from bot.formats import wording
from bot.formats.excerpt import excerpt
from bot.plain import counted, one_line, visible
from core.review.findings import Finding, Severity
from core.review.hunks import Diff
from core.review.report import Conclusion, ReviewReport, Unread

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}
VERDICTS = {Conclusion.SUCCESS: "bold green", Conclusion.FAILURE: "bold red"}
SIGNS = {"+": "green", "-": "red"}
LINK = re.compile(r"\[([^\[\]\n]+)\]\((https?://[^\s()]+)\)")
LONGEST_LINE = 500
NARROWEST = 12
NAMED_FILES = 10


def print_report(console: Console, report: ReviewReport, diff: Diff | None) -> None:
    """Print the findings file by file, then coverage, verdict and cost.

    The diff gives the code lines; without it only places are named. Nothing in the
    report can command the terminal or a runner that reads the output.
    """
    for finding in sorted(report.findings, key=lambda one: (one.path, one.line)):
        print_finding(console, finding, diff)
    _label(console, "Findings", Text(wording.tally(report)))
    _label(console, "Coverage", Text(wording.coverage(report.coverage)))
    _print_unread(console, report.coverage.reasons)
    verdict = report.verdict
    words = Text(
        verdict.conclusion.value, style=VERDICTS.get(verdict.conclusion, "bold")
    )
    words.append(f", {one_line(verdict.reason)}", style="default")
    _label(console, "Verdict", words)
    _label(console, "Cost", Text(one_line(wording.usage(report.usage))))
    _label(console, "Run", Text(one_line(report.run_id)))


def print_finding(console: Console, finding: Finding, diff: Diff | None) -> None:
    """Print one finding: where, the code, what is said, the suggestion, its source."""
    style = STYLES.get(finding.severity, "bold blue")
    head = Text(f"{finding.severity.value} ", style=style)
    head.append(f"{one_line(finding.path)}:{wording.place(finding)}", style="bold")
    head.append(f" {one_line(finding.title)}", style="default")
    _print(console, Text(), head)
    rows = excerpt(diff, finding)
    width = max((len(str(row.number or "")) for row in rows), default=1)
    bar = "|" if console.options.ascii_only else "│"
    blank = Text(f"{'':{width + 4}}{bar} ", style="dim")
    for row in rows:
        number = "" if row.number is None else str(row.number)
        code = Text(_cut(visible(row.text)), style=SIGNS.get(row.sign, ""))
        lead = Text(f" {number:>{width}} {row.sign} {bar} ", style="dim")
        _print(console, lead, code, blank)
    if rows:
        _print(console, blank, Text())
    for line in LINK.sub(r"\1 (\2)", visible(finding.body)).strip().split("\n"):
        _print(console, blank, Text(line), blank)
    if finding.suggestion is not None:
        _print(console, blank, Text())
        _print(console, blank, Text("Suggested instead:", style="italic"))
        for line in visible(finding.suggestion).removesuffix("\n").split("\n"):
            _print(console, blank, Text(f"+ {line}", style="green"), blank)
    source = f"{finding.source}, {finding.rule}, confidence {finding.confidence:.2f}"
    _print(console, blank, Text(one_line(source), style="dim"), blank)
    console.print()


def _print_unread(console: Console, reasons: tuple[Unread, ...]) -> None:
    """Print each reason once, with the parts that it holds for."""
    groups: dict[str, list[str]] = {}
    for part in reasons:
        groups.setdefault(part.reason, []).append(wording.unread_part(part))
    for reason, parts in groups.items():
        _print(console, Text("  "), Text(f"not read: {one_line(reason)}"))
        for named in parts[:NAMED_FILES]:
            _print(console, Text("    "), Text(one_line(named)))
        if len(parts) > NAMED_FILES:
            more = f"and {counted(len(parts) - NAMED_FILES, 'more part')}"
            _print(console, Text("    "), Text(more))


def _label(console: Console, name: str, words: Text) -> None:
    """Print one line of the summary under its name."""
    _print(console, Text(f"{name:<9} ", style="bold"), words, Text(" " * 10))


def _cut(line: str) -> str:
    """Shorten a line that no one reads whole, such as minified code."""
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"


def _print(
    console: Console, lead: Text, words: Text, follow: Text | None = None
) -> None:
    """Print words folded to the width, each line behind its lead."""
    follow = Text(" " * lead.cell_len) if follow is None else follow
    width = max(NARROWEST, console.width - lead.cell_len)
    for at, line in enumerate(words.wrap(console, width, overflow="fold") or [Text()]):
        whole = Text.assemble(follow if at else lead, line)
        whole.rstrip()
        console.print(whole, no_wrap=True, overflow="ignore", crop=False)
