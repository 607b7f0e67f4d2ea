"""The events that move a finding, made by the rows of its table: pure."""

from typing import TypeVar

from core.events import schema
from core.review.ledger.model import Entry
from core.review.ledger.states import FINDING

M = TypeVar("M", bound=schema.FindingMove)


def moved(kind: type[M], entry: Entry, **facts: object) -> M:
    """Move a finding by the one row that this type of event is for.

    Raises IllegalTransitionError when the finding stands elsewhere than the row begins.
    """
    (transition,) = kind.transitions
    return kind.model_validate(
        {
            "subject": entry.fingerprint,
            "transition": transition,
            "from": entry.state,
            "to": FINDING.step(transition, entry.state),
            "severity": entry.finding.severity,
            **facts,
        }
    )
