"""What is known of a session's end, as a value and as it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.memory.documents import session_from
from core.memory.expiry import Alerted, Standing
from core.memory.model import Session
from core.store.database import Document

FIELD = "mortality"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a session ends; `key_gone_at` once nothing opens its contents any more."""

    reason: str
    actor: str
    why: str
    at: datetime
    key_gone_at: datetime | None = None


EXPIRED: Document = {"reason": "expired", "actor": "nofx", "why": ""}


def closing(ending: Document, now: datetime) -> Document:
    """Return the fields by which a session takes no items any more, and is due."""
    return {"state": "ending", "due_at": now, f"{FIELD}.ending": {**ending, "at": now}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasing:
    """Items that are being erased: decided, and not to be held any more."""

    seqs: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mortal:
    """A session with what is known of its end.

    `begun_at` is when its generation began, `days` which alert went out for the items
    that end on a day, `due_at` when it is to be looked at. `untold` is what somebody
    did to it, until the journal and the audit have it.
    """

    session: Session
    due_at: datetime | None
    begun_at: datetime
    alerted: Alerted | None = None
    days: Mapping[int, Alerted] = field(default_factory=dict)
    ending: Ending | None = None
    erasing: Erasing | None = None
    purge_after: datetime | None = None
    untold: Mapping[str, str] | None = None

    def standing(self) -> Standing:
        """Return how the session itself stands."""
        one = self.session
        life = one.expires_at - self.begun_at
        return Standing(
            expires_at=one.expires_at,
            generation=one.generation,
            life=timedelta(seconds=one.sliding) if one.sliding else life,
            alerted=self.alerted,
        )


def mortal_from(found: Document) -> Mortal:
    """Read a session with what is known of its end."""
    told: Document = found.get(FIELD, {})
    ending, erasing, alerted = (
        told.get(name) for name in ("ending", "erasing", "alerted")
    )
    return Mortal(
        session=session_from(found),
        due_at=found.get("due_at"),
        begun_at=told.get("begun_at") or found["created_at"],
        alerted=Alerted(**alerted) if alerted else None,
        days={int(day): Alerted(**one) for day, one in told.get("days", {}).items()},
        ending=Ending(**ending) if ending else None,
        erasing=Erasing(seqs=tuple(erasing["seqs"]), at=erasing["at"])
        if erasing
        else None,
        purge_after=found.get("purge_after"),
        untold=told.get("untold"),
    )


def alerted_document(alerted: Alerted) -> Document:
    """Return an alert as it is stored."""
    fields: dict[str, Any] = {
        "threshold": alerted.threshold,
        "expires_at": alerted.expires_at,
        "at": alerted.at,
    }
    return fields
