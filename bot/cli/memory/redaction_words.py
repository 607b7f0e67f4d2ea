"""Redactions in words: whether it is gone, and what is still to be done."""

from bot.api.answers.redactions import PlaceDetail, RedactionDetail
from bot.plain import counted, one_line

STATES = {
    "planned": "would go",
    "pending": "is going: not everywhere yet",
    "complete": "is gone, everywhere",
}


def redaction(found: RedactionDetail) -> str:
    """Say how far a redaction is, place by place."""
    items = ", ".join(map(str, found.items))
    head = f"{counted(len(found.items), 'item')} ({items}) of {found.session_id}"
    named = f"{found.id}: " if found.id else ""
    places = [_place(name, one) for name, one in found.places.items()]
    lines = [f"{named}{head} {STATES[found.status]}.", *places]
    return "".join(f"{one_line(line)}\n" for line in lines)


def _place(name: str, place: PlaceDetail) -> str:
    more = [one for one in (place.left, place.note) if one]
    said = f"{place.state}, {counted(place.changed, 'change')}"
    return "; ".join([f"  {name}: {said}", *more])
