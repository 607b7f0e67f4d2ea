"""A run's findings in words: the filtered ones too, each with the reason."""

from bot.api.answers.run_findings import RunFinding, RunFindings
from bot.cli.tables import table
from bot.plain import counted, one_line

HEADS = ("FINDING", "STATE", "SEVERITY", "SURE", "WHERE", "TITLE", "WHY")
SHORT = 8


def findings(found: RunFindings) -> str:
    """Say what was found, and what became of it."""
    if not found.findings:
        return "No finding fits.\n"
    rows = [_row(one) for one in found.findings]
    return f"{table(HEADS, rows)}\n{counted(len(rows), 'finding')}.\n"


def _row(one: RunFinding) -> tuple[str, ...]:
    doubt = f"in doubt: {one.doubt}" if one.doubt else ""
    why = "; ".join(part for part in (one.reason, doubt) if part)
    return (
        one.fingerprint[:SHORT],
        one.state.value,
        one.severity.value,
        f"{one.confidence:.2f}",
        one_line(f"{one.path}:{one.line}"),
        one_line(one.title),
        one_line(why),
    )
