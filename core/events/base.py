"""What every event payload shares, and how a payload is stored and read again."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

JSON = dict[str, Any]


class Payload(BaseModel):
    """One event's data; `type` is `noun.past_tense` and never changes its meaning.

    Fields are only ever added, each with a default, so that an old entry still reads.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    if TYPE_CHECKING:

        @property
        def type(self) -> str:
            """Return the event's type; each subclass makes it a field of one value."""

    def stored(self) -> JSON:
        """Return `{type, data}` as the journal keeps it: JSON values alone."""
        data = self.model_dump(mode="json", by_alias=True, exclude={"type"})
        return {"type": self.type, "data": data}

    def size(self) -> int:
        """Return about how many bytes `stored` takes as JSON; it is quick."""
        return len(self.__pydantic_serializer__.to_json(self))


class Move(Payload):
    """An event that moves a machine from one state to another by a row of its table.

    `subject` tells apart machines of one kind inside a stream: a step's name, a
    finding's fingerprint, an effect's key. `from_` is None for what begins to be.
    `transitions` are the rows that this type of event is for.
    """

    machine: ClassVar[str]
    transitions: ClassVar[frozenset[str]] = frozenset()

    subject: str = ""
    transition: str
    from_: str | None = Field(validation_alias="from", serialization_alias="from")
    to: str

    @classmethod
    def moves_by(cls, transition: str) -> bool:
        """Return whether events of this type tell of this transition."""
        return transition in cls.transitions


class UnknownEvent(Payload):
    """An entry of a type that this program does not know, passed on as it stands."""

    type: str
    data: JSON

    @override
    def stored(self) -> JSON:
        return {"type": self.type, "data": self.data}
