"""Redactions as values: what was asked for, how far it is, and how it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from bson import Binary

from core.memory.redaction_rules import (
    MessageTarget,
    PatternTarget,
    Rule,
    SpanTarget,
    Target,
)
from core.redaction.places import Reached
from core.store.database import Document

Purpose = Literal["redacted", "forgotten", "compacted"]
Status = Literal["planned", "pending", "complete"]
ITEMS = "items"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceState:
    """How far one kind of place is.

    `left` says what is still to be done there, `note` what people should know of it.
    """

    state: Literal["pending", "reached"] = "pending"
    changed: int = 0
    left: str = ""
    note: str = ""
    at: datetime | None = None

    def after(self, reached: Reached, now: datetime) -> "PlaceState":
        """Return it as it is once the place was asked."""
        return PlaceState(
            state="pending" if reached.left else "reached",
            changed=self.changed + reached.changed,
            left=reached.left,
            note=reached.note,
            at=now,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """One erasure of what was said, from what asked for it to its last place.

    `planned` is what a dry run answers, without an `id`. `items` are those of its own
    session; `length` is about how long the longest text is. `sealed` are target and
    texts under the session's key, until it is complete. `due_at` is when whoever comes
    takes it up again, unless a process has it; `fence` grows with each that does.
    """

    id: str
    session_id: str
    repository: str | None
    pull: int | None
    status: Status
    purpose: Purpose
    rule: Rule
    items: tuple[int, ...]
    length: str
    actor: str
    reason: str
    override_hold: bool
    at: datetime
    epoch: int = 0
    told: bool = False
    completed_at: datetime | None = None
    places: Mapping[str, PlaceState] = field(default_factory=dict)
    sealed: bytes | None = None
    due_at: datetime | None = None
    attempts: int = 0
    fence: int = 1

    @property
    def changed(self) -> int:
        """Return how many things it has changed so far."""
        return sum(place.changed for place in self.places.values())

    @property
    def tombstone(self) -> Document:
        """Return what stays where something went: who, when, why, and how long."""
        return {
            "redaction": self.id,
            "reason": self.purpose,
            "rule": self.rule,
            "length": self.length,
            "by": self.actor,
            "why": self.reason,
            "at": self.at,
        }

    def with_place(self, name: str, state: PlaceState) -> "Redaction":
        """Return it with what is known of a place."""
        return replace(self, places={**self.places, name: state})


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What of a redaction must not be kept in the clear: its target and the texts."""

    target: Target
    texts: tuple[str, ...] = ()

    def value(self) -> dict[str, Any]:
        """Return it as JSON, to be sealed."""
        return {"target": _target_value(self.target), "texts": list(self.texts)}

    @staticmethod
    def of(value: Mapping[str, Any]) -> "Secret":
        """Read it as it was sealed."""
        return Secret(target=_target_of(value["target"]), texts=tuple(value["texts"]))


def redaction_document(one: Redaction) -> Document:
    """Return a redaction as it is stored; what is None is left out."""
    document: Document = {
        "_id": one.id,
        "session": one.session_id,
        "repository": one.repository,
        "pull": one.pull,
        "status": one.status,
        "purpose": one.purpose,
        "rule": one.rule,
        "items": list(one.items),
        "length": one.length,
        "actor": one.actor,
        "reason": one.reason,
        "override_hold": one.override_hold,
        "at": one.at,
        "epoch": one.epoch,
        "told": one.told,
        "completed_at": one.completed_at,
        "places": {name: place_document(state) for name, state in one.places.items()},
        "sealed": Binary(one.sealed) if one.sealed is not None else None,
        "due_at": one.due_at,
        "attempts": one.attempts,
        "fence": one.fence,
    }
    return {name: value for name, value in document.items() if value is not None}


def place_document(state: PlaceState) -> Document:
    """Return what is known of a place, as it is stored."""
    document: Document = {
        "state": state.state,
        "changed": state.changed,
        "left": state.left,
        "note": state.note,
    }
    return document if state.at is None else {**document, "at": state.at}


def redaction_from(found: Document) -> Redaction:
    """Read a redaction as it was stored."""
    fields = dict(found)
    sealed = fields.pop("sealed", None)
    places = fields.pop("places")
    return Redaction(
        id=fields.pop("_id"),
        session_id=fields.pop("session"),
        repository=fields.pop("repository", None),
        pull=fields.pop("pull", None),
        items=tuple(fields.pop("items")),
        places={name: PlaceState(**state) for name, state in places.items()},
        sealed=bytes(sealed) if sealed is not None else None,
        **fields,
    )


def _target_value(target: Target) -> dict[str, Any]:
    match target:
        case MessageTarget(seqs=seqs):
            return {"rule": "message", "seqs": list(seqs)}
        case SpanTarget(seq=seq, pointer=pointer, start=start, end=end):
            place = {"seq": seq, "pointer": pointer, "start": start, "end": end}
            return {"rule": "span", **place}
        case PatternTarget(pattern=pattern):
            return {"rule": "pattern", "pattern": pattern}


def _target_of(value: Mapping[str, Any]) -> Target:
    facts = {name: part for name, part in value.items() if name != "rule"}
    match value["rule"]:
        case "message":
            return MessageTarget(seqs=tuple(facts["seqs"]))
        case "span":
            return SpanTarget(**facts)
        case _:
            return PatternTarget(**facts)
