"""What `nofx eval` prints: a line a case, and the scores side by side."""

from collections.abc import Sequence

from bot.cli.tables import span, table
from bot.plain import counted
from core.review.evaluation.scores import Score, Scored

HEADS = (
    *("MODEL", "CASES", "RECALL", "PRECISION", "LINE", "NOISE", "TOKENS", "COST"),
    "TIME",
)


def seen(model: str, one: Scored) -> str:
    """Return what became of one case."""
    if one.failed:
        return f"{model}  {one.case}: not reviewed: {one.failed}"
    stray = len(one.findings) - len(one.matched)
    hits = f"{len(one.matched)} of {len(one.expected)} expected"
    return f"{model}  {one.case}: {hits}, {counted(stray, 'stray remark')}"


def scores(found: Sequence[Score]) -> str:
    """Return the scores as a table, a line a model."""
    return table(HEADS, [_row(one) for one in found])


def _row(one: Score) -> tuple[str, ...]:
    cases = f"{one.cases}" if not one.failed else f"{one.cases} ({one.failed} failed)"
    return (
        one.model,
        cases,
        _share(one.recall),
        _share(one.precision),
        _share(one.line_accuracy),
        "none" if one.noise is None else f"{one.noise:.1f} a case",
        str(one.tokens),
        f"${one.usd:.4f}",
        span(one.seconds),
    )


def _share(share: float | None) -> str:
    return "none" if share is None else f"{share:.0%}"
