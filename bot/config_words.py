"""What nofx says at GitHub of a repository's own configuration."""

from collections.abc import Sequence

from bot.naming import PREFIX
from core.review.config import FILE
from core.review.report import Coverage, ReviewReport
from core.review.sanitize import clean_comment, clean_line, code_span

SHOWN = 20
LINE = 300


def excluded(coverage: Coverage) -> str:
    """Return which files the configuration leaves out of review, folded up."""
    count = len(coverage.excluded)
    if not count:
        return ""
    first = f"{count} file{'' if count == 1 else 's'} excluded by {FILE}"
    rows = [f"- {code_span(path)}" for path in coverage.excluded[:SHOWN]]
    return _folded(first, _cut(rows, count))


def problems(report: ReviewReport) -> str:
    """Return what is wrong with the configuration on the base branch."""
    said = report.configuration
    if not said:
        return ""
    rows = [f"- {clean_comment(clean_line(one, limit=LINE))}" for one in said[:SHOWN]]
    listed = "\n".join(_cut(rows, len(said)))
    check = f"`nofx config check {FILE}` lists them all."
    return f"**Configuration:** {FILE} on the base branch:\n\n{listed}\n\n{check}"


def not_allowed(verb: str, allowed: Sequence[str]) -> str:
    """Return the answer to a command that the repository does not allow."""
    known = ", ".join(code_span(one) for one in ("help", *allowed))
    return (
        f"`{PREFIX} {verb}` is not allowed in this repository: {FILE} on the base"
        f" branch allows {known}."
    )


def _cut(rows: Sequence[str], count: int) -> list[str]:
    more = count - len(rows)
    return [*rows, f"- … and {more} more"] if more > 0 else list(rows)


def _folded(title: str, rows: Sequence[str]) -> str:
    listed = "\n".join(rows)
    return f"<details><summary>{title}</summary>\n\n{listed}\n\n</details>"
