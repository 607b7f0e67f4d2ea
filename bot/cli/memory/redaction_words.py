"""Redactions in words: whether it is gone, and what is still to be done."""

from bot.api.answers.redactions import PlaceDetail, RedactionDetail, RedactionList
from bot.cli.tables import minute
from bot.plain import counted, one_line
from core.redaction.needles import SHORTEST

STATES = {
    "planned": "would change",
    "pending": "is going: not everywhere yet",
    "complete": "is gone from every place that is ours",
}


def redaction(found: RedactionDetail) -> str:
    """Say how far a redaction is, place by place."""
    items = ", ".join(map(str, found.items))
    head = f"{counted(len(found.items), 'item')} ({items}) of {found.session_id}"
    named = f"{found.id}: " if found.id else ""
    lines = [f"{named}{head} {STATES[found.status]}."]
    if found.status == "planned":
        lines.append(f"Then looked through: {', '.join(found.places)}.")
    else:
        lines += [_place(found, name, one) for name, one in found.places.items()]
    return "".join(f"{visible}\n" for visible in map(one_line, lines))


def redactions(found: RedactionList) -> str:
    """Say how far each redaction of a session is, and who wanted it."""
    if not found.redactions:
        return f"Nothing was taken out of {found.session_id}.\n"
    return "\n".join(f"{redaction(one)}{_asked(one)}\n" for one in found.redactions)


def _asked(found: RedactionDetail) -> str:
    said = f"{found.purpose} by {found.actor} at {minute(found.at)}: {found.reason}"
    return one_line(said)


def _place(found: RedactionDetail, name: str, place: PlaceDetail) -> str:
    if found.status == "complete" and place.state == "pending":
        return f"{name}: not searched, no text has {SHORTEST} characters"
    more = [one for one in (place.left, place.note) if one]
    said = f"{place.state}, {counted(place.changed, 'change')}"
    return "; ".join([f"{name}: {said}", *more])
