"""What events can be narrowed by in a query, wherever events are asked for."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from bot.api.bodies import Moment, Repository
from bot.api.endpoint import Incoming
from bot.api.requests import IDS
from core.access.tokens import Token
from core.events.schema import TYPES
from core.feed.query import EventFilter
from core.feed.words import words_of

MOST_PULLS = 2**31 - 1
# The largest whole number that every JSON reader keeps.
LAST_POSITION = 2**53
LONGEST_SEARCH = 1000
NAME = r"[a-z]+(_[a-z]+)*"
KIND = rf"{NAME}\.({NAME}|\*)"
NOUNS = frozenset(name.partition(".")[0] for name in TYPES)


def _known(wanted: str) -> str:
    """Refuse a list with what is no type of event, and no noun with `.*`."""
    unknown = [one for one in wanted.split(",") if not _is_known(one)]
    if unknown:
        raise ValueError(f"there is no type {unknown[0][:60] or 'without a name'}")
    return wanted


def _is_known(wanted: str) -> bool:
    noun, _, rest = wanted.partition(".")
    return noun in NOUNS if rest == "*" else wanted in TYPES


def _with_a_word(search: str) -> str:
    """Refuse a search for nothing."""
    if not words_of(search):
        raise ValueError("it has no word of two letters or digits to look for")
    return search


class StoryQuery(Incoming):
    """What the events of one run can be narrowed by."""

    type: Annotated[
        str | None,
        Field(
            max_length=1000,
            # Only told to others: whoever errs is told the type that there is not.
            json_schema_extra={"pattern": f"^{KIND}(,{KIND})*$"},
            description="types of events, or nouns such as `run.*`, with commas",
        ),
    ] = None
    since: Moment | None = Field(
        default=None, description="decided at this time or later"
    )
    until: Moment | None = Field(default=None, description="decided before this time")
    q: Annotated[
        str | None,
        Field(
            max_length=LONGEST_SEARCH,
            description="words that must all be in the texts of one event",
        ),
    ] = None

    @field_validator("type")
    @classmethod
    def _names_types(cls, value: str | None) -> str | None:
        return None if value is None else _known(value)

    @field_validator("q")
    @classmethod
    def _names_words(cls, value: str | None) -> str | None:
        return None if value is None else _with_a_word(value)

    def filter(self, token: Token, **about: Any) -> EventFilter:
        """Return what is wanted and may be seen; `about` are more of its fields."""
        return EventFilter(
            types=tuple(self._types()),
            since=self.since,
            until=self.until,
            words=words_of(self.q or ""),
            repositories=token.repositories,
            **about,
        )

    def _types(self) -> Iterable[str]:
        return sorted(set(self.type.split(","))) if self.type else ()


class EventQuery(StoryQuery):
    """What all events can be narrowed by."""

    run_id: str | None = Field(default=None, pattern=IDS["run_id"].pattern)
    repo: Repository | None = None
    pull: int | None = Field(
        default=None, ge=0, le=MOST_PULLS, description="of the repository in `repo`"
    )

    @field_validator("pull")
    @classmethod
    def _has_a_repository(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("repo", ...) is None:
            raise ValueError("name its repository in `repo`")
        return value

    def wanted(self, token: Token) -> EventFilter:
        """Return what is wanted and may be seen."""
        return self.filter(
            token, run_id=self.run_id, repository=self.repo, pull=self.pull
        )


Position = Annotated[int | None, Field(ge=0, le=LAST_POSITION)]
