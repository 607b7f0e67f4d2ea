"""What people and programs did with what is confidential."""

from typing import Literal

from pydantic import Field

from core.events.base import Payload


class AuditRecorded(Payload):
    """Somebody did something that must be answered for.

    `action` is `noun.verb`, such as `memory.read`; `subject` is what it was done to,
    such as `session/…`. `facts` never hold what was read.
    """

    type: Literal["audit.recorded"] = "audit.recorded"
    actor: str
    action: str
    subject: str
    repository: str | None = None
    pull: int | None = None
    reason: str = ""
    facts: dict[str, str | int] = Field(default_factory=dict)


class AuditContinued(Payload):
    """A volume of the audit goes on from the last entry of the one before it."""

    type: Literal["audit.continued"] = "audit.continued"
    volume: int
    previous: str
    head: str
