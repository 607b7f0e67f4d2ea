"""Redactions as the API shows them: never what was, or is to be, taken out."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.api.answers.base import Shown
from core.memory.redaction_model import Purpose, Redaction, Status
from core.memory.redaction_rules import Rule


class PlaceDetail(Shown):
    """How far one kind of place is to which what was said may have come."""

    state: Literal["pending", "reached"]
    changed: int = Field(description="how many things were changed there")
    left: str = Field(description="what is still to be done; empty for nothing")
    note: str = Field(description="what people should know of it; empty for nothing")
    at: datetime | None = Field(description="when it was gone through last")


class RedactionDetail(Shown):
    """Something that goes, or is gone, from a session and all that was made of it."""

    id: str | None = Field(description="null for a dry run: nothing has changed")
    session_id: str
    status: Status = Field(
        description="`pending` until it is confirmed that nothing is left anywhere"
    )
    purpose: Purpose = Field(description="whether it was redacted, or forgotten")
    rule: Rule = Field(description="how it was found")
    items: list[int] = Field(description="the session's items that changed")
    length: str = Field(description="about how many characters the longest text has")
    actor: str
    reason: str
    override_hold: bool
    at: datetime
    completed_at: datetime | None
    places: dict[str, PlaceDetail]

    @classmethod
    def of(cls, redaction: Redaction) -> "RedactionDetail":
        """Return a redaction as the API shows it."""
        fields = (name for name in cls.model_fields if name not in ("id", "places"))
        places = {
            name: PlaceDetail.model_validate(one)
            for name, one in redaction.places.items()
        }
        return cls(
            id=None if redaction.status == "planned" else redaction.id,
            places=places,
            **{name: getattr(redaction, name) for name in fields},
        )


class RedactionList(Shown):
    """A session's redactions, oldest first."""

    session_id: str
    redactions: list[RedactionDetail]
