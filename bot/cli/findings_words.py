"""Findings across pushes in words: where they stand, and who moved them why."""

from bot.api.answers.findings import FindingDetail, FindingList
from bot.cli.tables import minute, table
from bot.plain import counted, one_line

HEADS = ("FINDING", "STATE", "SEVERITY", "WHERE", "TITLE", "WHY")


def listed(found: FindingList) -> str:
    """Say what was found in a pull request, and how it stands."""
    if not found.findings:
        return "No finding fits.\n"
    rows = [_row(one) for one in found.findings]
    still = sum(one.open for one in found.findings)
    return f"{table(HEADS, rows)}\n{counted(len(rows), 'finding')}, {still} open.\n"


def one(found: FindingDetail) -> str:
    """Say all of one finding that a person decides by."""
    votes = f"{found.up} up, {found.down} down, {counted(found.replies, 'reply')}"
    facts = {
        found.id: found.title,
        "Where": f"{found.repository}#{found.pull} {_where(found)}",
        "State": f"{found.state}, {'open' if found.open else 'not open'}",
        "By": f"{found.source}: {found.rule}, {found.severity},"
        f" sure by {found.confidence:.2f}",
        "Since": minute(found.opened_at),
        "Moved": f"{minute(found.moved_at)}{_who(found)}",
        "Why": "; ".join(part for part in (found.reason, found.note) if part),
        "At GitHub": votes if found.comment_id else "",
        "In comments": f"/nofx explain {found.name}",
    }
    lines = [f"{name:<12} {one_line(fact)}" for name, fact in facts.items() if fact]
    return "".join(f"{line}\n" for line in lines)


def _row(found: FindingDetail) -> tuple[str, ...]:
    return (
        found.id,
        found.state,
        found.severity,
        one_line(_where(found)),
        one_line(found.title),
        one_line(f"{found.reason}{_who(found)}"),
    )


def _where(found: FindingDetail) -> str:
    first = "" if found.start_line is None else f"{found.start_line}-"
    return f"{found.path}:{first}{found.line}"


def _who(found: FindingDetail) -> str:
    return f" by {found.actor}" if found.actor else ""
