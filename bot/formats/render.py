"""One review in the form that was asked for."""

import json

from rich.console import Console

from bot.formats.form import Format
from bot.formats.markdown import render_markdown
from bot.formats.text import print_report
from bot.formats.workflow import render_workflow
from bot.version import running_version
from core.review.hunks import Diff
from core.review.report import ReviewReport
from core.review.sarif import sarif


def render(
    report: ReviewReport, diff: Diff | None, form: Format, console: Console
) -> str:
    """Return the review as text that ends in a line feed.

    The console gives width and colours of the `text` form and is used by no other; the
    diff gives code lines to `text` and `markdown`.
    """
    match form:
        case Format.TEXT:
            with console.capture() as capture:
                print_report(console, report, diff)
            return capture.get()
        case Format.JSON:
            return _json(report.model_dump(mode="python"))
        case Format.MARKDOWN:
            return render_markdown(report, diff)
        case Format.SARIF:
            return _json(sarif(report, running_version()))
        case Format.GITHUB:
            return render_workflow(report)


def _json(value: object) -> str:
    """Return indented JSON in ASCII, which commands no terminal and fits any pipe."""
    return json.dumps(value, indent=2) + "\n"
