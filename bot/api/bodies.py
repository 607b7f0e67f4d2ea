"""What request bodies share."""

from typing import Annotated, Any

from pydantic import Field

from bot.api.endpoint import Incoming

REPOSITORY = r"^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$"
# One line that can stand in a table and in a comment.
Why = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Overrides = dict[str, Any]


class Reason(Incoming):
    """Why something is done; it is kept with who did it."""

    reason: Why = ""


class ReasonGiven(Incoming):
    """Why something is done that nobody should do without saying so."""

    reason: Annotated[Why, Field(min_length=1)]
