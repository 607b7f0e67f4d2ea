"""The audit in words."""

from collections.abc import Mapping

from bot.api.answers.audit import AuditLine, AuditList
from bot.cli.tables import minute, table


def entries(found: AuditList) -> str:
    """Say who did what, and how to see more."""
    more = f"More: --before {found.next}\n" if found.next is not None else ""
    if not found.entries:
        return more or "No entry fits.\n"
    heads = ("POSITION", "TIME", "WHO", "DID", "WITH", "OF", "WHAT", "WHY")
    rows = [
        (
            str(one.position),
            minute(one.time),
            one.actor,
            one.action,
            one.subject,
            _repository(one),
            _facts(one.facts),
            one.reason,
        )
        for one in found.entries
    ]
    return table(heads, rows) + (f"\n{more}" if more else "")


def _repository(one: AuditLine) -> str:
    if one.repository is None:
        return ""
    return f"{one.repository}#{one.pull}" if one.pull else one.repository


def _facts(facts: Mapping[str, str | int]) -> str:
    return " ".join(f"{name}={value}" for name, value in facts.items())
