"""What request bodies share."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field

from bot.api.endpoint import Incoming
from core.store.slices import BEFORE_ALL

# No name that GitHub gives is `.` or `..`, which would lead elsewhere in its API.
REPOSITORY = (
    r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}/\.{0,2}[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$"
)
AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)
LINE = r"[^\x00-\x1f\x7f]*"


def _named_in_full(name: str) -> str:
    """Refuse what is no full name of a repository."""
    if not re.fullmatch(REPOSITORY, name):
        raise ValueError("it must be owner/name")
    return name


def _on_one_line(text: str) -> str:
    """Refuse what cannot stand in a table and in a comment."""
    if not re.fullmatch(LINE, text):
        raise ValueError("it must be one line, without control characters")
    return text


Repository = Annotated[
    str,
    Field(json_schema_extra={"pattern": REPOSITORY}),
    AfterValidator(_named_in_full),
]
Why = Annotated[
    str,
    Field(max_length=500, json_schema_extra={"pattern": f"^{LINE}$"}),
    AfterValidator(_on_one_line),
]

RequestId = Annotated[
    str | None,
    Field(
        pattern=r"^[A-Za-z0-9_.:-]{1,100}$",
        description="asking again under the same name changes nothing",
    ),
]


def _storable(time: datetime) -> datetime:
    """Return the time, or the nearest that a database can compare with."""
    return max(BEFORE_ALL, min(time, AFTER_ALL))


# Times at the very ends of the calendar have no equal in UTC.
Moment = Annotated[AwareDatetime, AfterValidator(_storable)]
Overrides = dict[str, Any]


class Reason(Incoming):
    """Why something is done; it is kept with who did it."""

    reason: Why = ""


class ReasonGiven(Incoming):
    """Why something is done that nobody should do without saying so."""

    reason: Annotated[Why, Field(min_length=1)]
