"""Sessions and items in words: what a tired person needs first stands first."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.api.answers.sessions import (
    HoldDetail,
    ItemDetail,
    ItemList,
    SessionDetail,
    SessionEnded,
    SessionLine,
    SessionList,
    SessionScope,
)
from bot.cli.tables import minute, span, table
from bot.plain import counted, one_line, visible
from core.clock import SystemClock

WIDTH = 11


def sessions(found: SessionList) -> str:
    """Say which sessions there are, and how to see more."""
    if not found.sessions:
        return "No session fits.\n"
    more = f"\nMore: --cursor {found.next}\n" if found.next else ""
    return _lines(found.sessions) + more


def ending(found: Sequence[SessionLine], within: str) -> str:
    """Say which sessions end soon, and what can be done about it."""
    if not found:
        return f"No session that is not held ends within {one_line(within)}.\n"
    ways = (
        f"\nKeep one: nofx memory hold {found[0].id} --reason WHY\n"
        f"Put off:  nofx memory renew {found[0].id} --reason WHY\n"
    )
    return _lines(found) + ways


def session(found: SessionDetail) -> str:
    """Say everything that is known of one session."""
    key = f"{found.key.id}, wrapping {found.key.revision}" if found.key else "destroyed"
    slides = f", {span(found.sliding)} after each item" if found.sliding else ""
    facts = (
        ("Session", found.id),
        ("Of", f"{_of(found.scope)}{' (a fork)' if found.fork else ''}"),
        ("State", f"{found.state}{', held' if found.held else ''}"),
        ("Ends", f"{minute(found.expires_at)}, {_left(found.expires_at)}{slides}"),
        ("Begun", f"{minute(found.created_at)}, changed {minute(found.updated_at)}"),
        ("Items", _counts(found.counts) or "none that is sealed in yet"),
        ("Head", f"{found.head.seq}:{found.head.link}"),
        ("Key", key),
        ("Redactions", str(found.redactions)),
        ("Version", f'"{found.revision}", generation {found.generation}'),
    )
    said = "".join(f"{name:<{WIDTH}}{one_line(text)}\n" for name, text in facts)
    holds = f"\n{_holds(found.holds)}" if found.holds else ""
    return f"{said}{holds}\nItems: nofx memory show {found.id} --part messages\n"


def items(found: ItemList) -> str:
    """Say which items there are; what they hold only where that was opened."""
    if not found.items:
        return "There is no such item.\n"
    heads = ("ITEM", "KIND", "BY", "FROM", "TIME", "BYTES", "MORE")
    rows = [
        (
            str(one.seq),
            f"{one.kind}/{one.role}" if one.role else str(one.kind),
            one.author or "-",
            str(one.source),
            minute(one.at),
            str(one.size),
            _more(one),
        )
        for one in found.items
    ]
    said = table(heads, rows)
    if found.decrypted:
        said += "".join(f"\n{one.seq}:\n{_content(one)}" for one in found.items)
    if found.next is not None:
        said += f"\nMore: --after {found.next}\n"
    return said


def item(found: ItemDetail) -> str:
    """Say all of one item, its content too."""
    return (
        f"Item {found.seq}, {found.kind} by {one_line(found.author) or '-'}"
        f" of {minute(found.at)}{': ' if _more(found) else ''}{_more(found)}\n"
        f"{_content(found)}"
    )


def ended(found: SessionEnded) -> str:
    """Say that a session is gone, and from when on in backups too."""
    return (
        f"{found.id} is {found.state}: nothing here opens it since"
        f" {minute(found.effective_live_at)}, and no backup from"
        f" {minute(found.effective_backups_by)} on.\n"
    )


def _lines(found: Sequence[SessionLine]) -> str:
    heads = ("SESSION", "OF", "STATE", "ENDS", "LEFT", "ITEMS", "CHANGED")
    rows = [
        (
            one.id,
            _of(one.scope),
            "held" if one.held else one.state,
            minute(one.expires_at),
            _left(one.expires_at),
            str(sum(one.counts.values())),
            minute(one.updated_at),
        )
        for one in found
    ]
    return table(heads, rows)


def _holds(found: Sequence[HoldDetail]) -> str:
    heads = ("HOLD", "KIND", "ITEMS", "BY", "SINCE", "WHY")
    rows = [
        (
            one.id,
            one.kind,
            ", ".join(map(str, one.items)) or "all",
            one.actor,
            minute(one.at),
            one.reason,
        )
        for one in found
    ]
    return table(heads, rows)


def _of(scope: SessionScope) -> str:
    match scope.kind:
        case "pull":
            return f"{scope.repository}#{scope.pull}"
        case "repository":
            return str(scope.repository)
        case "installation":
            return f"installation {scope.installation_id}"
        case "actor":
            return f"@{scope.actor}"


def _left(end: datetime) -> str:
    seconds = (end - SystemClock().now()).total_seconds()
    return f"in {span(seconds)}" if seconds > 0 else "over"


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(numbers.items()))


def _more(one: ItemDetail) -> str:
    said = []
    if one.erased is not None:
        said.append(f"erased: {one.erased.get('reason', '?')}")
    if one.revision > 1:
        said.append(f"redacted {counted(one.revision - 1, 'time')}")
    if one.lineage:
        said.append(f"made from {len(one.lineage)}")
    if one.expires_at is not None:
        said.append(f"ends {minute(one.expires_at)}")
    return ", ".join(said)


def _content(one: ItemDetail) -> str:
    if one.content is None:
        return "(nothing is left of it)\n"
    shown = json.dumps(one.content, indent=2, ensure_ascii=False, sort_keys=True)
    return f"{visible(shown)}\n"
