"""A comparison as one HTML page: no script, no network, everything escaped."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from core.checkpoints.diff import wording
from core.checkpoints.diff.comparison import Comparison, RunComparison

# Nothing is loaded or run, whatever a state holds.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
MARKS = {"added": "+", "removed": "−", "changed": "~", "moved": "→"}  # noqa: RUF001 # a minus, as wide as the plus
STEP_MARKS = {
    "same": "=",
    "differs": "≠",
    "only_before": "−",  # noqa: RUF001 # as above
    "only_after": "+",
    "unknown": "?",
}
LINE_CLASSES = {"+": "line-add", "-": "line-gone", "@": "line-hunk", "\\": "line-hunk"}


def of_checkpoints(found: Comparison) -> str:
    """Return the page of two checkpoints."""
    title = "What changed between two checkpoints"
    return _template().render(title=title, one=found, runs=None)


def of_runs(found: RunComparison) -> str:
    """Return the page of two runs."""
    title = "What two runs did differently"
    return _template().render(title=title, one=None, runs=found)


@cache
def _template() -> Template:
    pages = Environment(
        loader=PackageLoader("bot.api"), autoescape=True, undefined=StrictUndefined
    )
    pages.filters |= {
        "artifact": wording.artifact,
        "counted": wording.counted,
        "grouped": wording.grouped,
        "line_class": _line_class,
        "place": wording.place,
        "short": wording.short,
        "side": wording.side,
        "step_words": wording.step,
        "value": wording.value,
        "visible": wording.visible,
    }
    pages.globals |= {
        "marks": MARKS,
        "policy": POLICY,
        "redacted": wording.REDACTED,
        "step_marks": STEP_MARKS,
    }
    return pages.get_template("diff.html")


def _line_class(line: str) -> str:
    return LINE_CLASSES.get(line[:1], "line")
