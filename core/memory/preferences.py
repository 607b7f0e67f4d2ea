"""What a session's people want: typed values by name, with who wants it and why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ItemMalformedError, ItemNotFoundError
from core.memory.model import Draft, Item, Kind, Source
from core.memory.pages import of_kinds
from core.memory.service import Memory

MOST = 100
LONGEST_TEXT = 500
LONGEST_LIST = 50
LONGEST_NAME = 60

Type = Literal["text", "number", "flag", "list"]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Value = bool | int | float | str | tuple[str, ...]


class Wish(BaseModel):
    """A preference as it is set; `value` is of the `type`.

    A text has at most 500 characters, a list at most 50 such texts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_./-]{0,59}$")]
    type: Type
    value: (
        bool
        | int
        | float
        | Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
        | Annotated[tuple[Text, ...], Field(max_length=LONGEST_LIST, strict=False)]
    )
    why: Text = ""

    @model_validator(mode="after")
    def _value_is_of_the_type(self) -> Self:
        if type_of(self.value) != self.type:
            raise ValueError(f"the value is not a {self.type}")
        return self


def type_of(value: Value) -> Type | None:
    """Return a value's type; None for a number that is none."""
    match value:
        case bool():
            return "flag"
        case int() | float():
            return "number" if math.isfinite(value) else None
        case str():
            return "text"
        case _:
            return "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A preference as it stands; `number` is its item's place in the session."""

    number: int
    name: str
    type: Type
    value: Value
    why: str
    set_by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A session's preferences in the order of their setting, and when it was read.

    `mac` tells two lists apart without telling what is in them: it is made with the
    session's key.
    """

    session_id: str
    epoch: int
    preferences: tuple[Preference, ...]
    mac: str


class Forgetting(Protocol):
    """Erases items for good, and what summarises them."""

    async def forget(
        self, session_id: str, seqs: Sequence[int], *, actor: str, reason: str
    ) -> None:
        """Erase them; raises SessionHeldError, and then none is erased."""
        ...


class Preferences:
    """Sets, lists and forgets; every method raises what `Memory.read` raises."""

    def __init__(self, memory: Memory, forgetting: Forgetting) -> None:
        self._memory = memory
        self._forgetting = forgetting

    async def set(
        self,
        session_id: str,
        wish: Wish,
        *,
        actor: str,
        source: Source = Source.API,
        refs: Mapping[str, str] | None = None,
        once: str = "",
    ) -> Preference:
        """Set a preference; a newer one of the same name counts from now on.

        Raises ItemMalformedError when there are a hundred already.
        """
        kept = (await self.standing(session_id)).preferences
        if len(kept) >= MOST and all(one.name != wish.name for one in kept):
            raise ItemMalformedError(reason=f"there are {MOST} preferences already")
        draft = Draft(
            kind=Kind.PREFERENCE,
            content=wish.model_dump(mode="json"),
            source=source,
            author=actor,
            refs=refs or {},
            once=once,
        )
        (facts,) = await self._memory.append(session_id, [draft])
        return Preference(
            number=facts.seq,
            name=wish.name,
            type=wish.type,
            value=wish.value,
            why=wish.why,
            set_by=facts.author,
            at=facts.at,
        )

    async def standing(self, session_id: str) -> Standing:
        """Return the preferences that count, the newest of each name."""
        chosen = await of_kinds(self._memory, session_id, {Kind.PREFERENCE})
        newest = {one.name: one for one in map(_preference, chosen.items)}
        kept = tuple(sorted(newest.values(), key=lambda one: one.number))
        told = [f"{one.number} {one.name} {one.value!r} {one.why}" for one in kept]
        made = chosen.opened.sealer.mac(
            b"preferences", session_id.encode(), *(one.encode() for one in told)
        )
        return Standing(
            session_id=session_id,
            epoch=chosen.epoch,
            preferences=kept,
            mac=made.hex()[:32],
        )

    async def forget(
        self,
        session_id: str,
        numbers: Sequence[int] | None,
        *,
        actor: str,
        reason: str = "forgotten",
    ) -> tuple[int, ...]:
        """Erase preferences by their numbers, all of them for None.

        What was set earlier under the same name is erased as well. Returns the numbers
        of those that counted. Raises ItemNotFoundError for a number that is none of
        them, SessionHeldError.
        """
        chosen = await of_kinds(self._memory, session_id, {Kind.PREFERENCE})
        stored = [_preference(one) for one in chosen.items]
        standing = {one.name: one.number for one in stored}
        wanted = set(standing.values()) if numbers is None else set(numbers)
        for number in sorted(wanted - set(standing.values())):
            raise ItemNotFoundError(session_id=session_id, seq=number)
        names = {name for name, number in standing.items() if number in wanted}
        seqs = [one.number for one in stored if one.name in names]
        if seqs:
            await self._forgetting.forget(session_id, seqs, actor=actor, reason=reason)
        return tuple(sorted(wanted))


def _preference(item: Item) -> Preference:
    content: dict[str, Any] = item.content or {}
    try:
        wish = Wish.model_validate(content)
    except ValidationError:
        # A part of it may have been redacted: it is shown as the text that is left.
        wish = Wish.model_construct(
            name=str(content.get("name", f"item-{item.seq}")),
            type="text",
            value=str(content.get("value", "")),
            why=str(content.get("why", "")),
        )
    return Preference(
        number=item.seq,
        name=wish.name,
        type=wish.type,
        value=wish.value,
        why=wish.why,
        set_by=item.facts.author,
        at=item.facts.at,
    )
