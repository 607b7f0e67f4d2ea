"""The table of findings in the summary: where each is, and where its comment stands."""

from collections.abc import Mapping

from core.review.findings import Finding, Severity
from core.review.report import ReviewReport
from core.review.sanitize import clean_comment, clean_line, code_span

ICONS = {Severity.ERROR: "🛑", Severity.WARNING: "⚠️", Severity.INFO: "💡"}
HEAD = ("| | where | what | comment |", "|---|---|---|---|")
# With all else that the summary says, this stays within one comment of GitHub's.
CHARACTERS = 40_000
LINE = 300


def findings_table(
    report: ReviewReport, links: Mapping[str, str], summarised: Mapping[str, str]
) -> str:
    """Return the findings, the most severe first, as a table; empty without any.

    `links` maps a fingerprint to its comment's address, `summarised` to the reason why
    it has none. Rows that do not fit are counted, those with a comment first.
    """
    ranked = sorted(report.findings, key=lambda one: -one.severity.rank)
    alone = [one for one in ranked if one.fingerprint in summarised]
    linked = [
        one
        for one in ranked
        if one.fingerprint in links and one.fingerprint not in summarised
    ]
    if not alone and not linked:
        return ""
    rows: list[str] = []
    left = CHARACTERS
    # What stands nowhere else is kept before what has a comment of its own.
    for one in [*alone, *linked]:
        row = _row(one, links, summarised)
        left -= len(row) + 1
        if left < 0:
            break
        rows.append(row)
    more = len(alone) + len(linked) - len(rows)
    tail = [f"| | | … and {more} more | |"] if more else []
    return "\n".join([*HEAD, *rows, *tail])


def _row(one: Finding, links: Mapping[str, str], summarised: Mapping[str, str]) -> str:
    name = one.fingerprint
    place = one.path if one.unplaced is not None else f"{one.path}:{one.line}"
    # The address is GitHub's, yet what would end a link is not taken from anywhere.
    link = links.get(name, "").replace(")", "%29").replace("|", "%7C")
    comment = _cell(summarised[name]) if name in summarised else f"[here]({link})"
    icon = ICONS[one.severity]
    return f"| {icon} | {_cell_code(place)} | {_cell(one.title)} | {comment} |"


def _cell(text: str) -> str:
    line = clean_comment(clean_line(text, limit=LINE))
    return line.replace("|", "\\|").replace("\n", " ")


def _cell_code(text: str) -> str:
    # A bar ends a cell even in code, and a backslash before it may itself be escaped.
    return code_span(text.replace("|", "¦"))
