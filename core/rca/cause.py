"""A cause: one sentence on why a run came out as it did, and what shows it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.rca.story import Story

# What stands for a cause where there is none to find.
NOTHING_FAILED = "nothing_failed"


class Confidence(StrEnum):
    """How sure a rule is: it follows, it fits best, it may be."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"

    @property
    def rank(self) -> int:
        """Return a number that is larger for what is surer."""
        return 2 - list(Confidence).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What shows a cause: an event by id and seq, a line of code, a line of the log.

    `words` say what it shows. `line` counts the lines of `logs/merged.ndjson`.
    """

    words: str
    event_id: str = ""
    seq: int = 0
    place: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a rule found; `name` is the rule's, in GitHub's and nofx's own words.

    `sentence` stands alone on the first screen, `next_action` tells what to do about
    it. `began_at` orders causes in time: the earliest of equals is the cause of others.
    `explains` are the names of rules whose findings follow from this one.
    """

    name: str
    sentence: str
    confidence: Confidence
    next_action: str
    evidence: tuple[Evidence, ...]
    began_at: datetime
    explains: frozenset[str] = frozenset()


Rule = Callable[[Story], Iterable[Cause]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the timeline: when, seconds since the one before, what, and who."""

    seq: int
    event_id: str
    time: datetime
    after_seconds: float
    words: str
    weight: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One thing that differs from the last green run, the first divergence first."""

    what: str
    before: str
    after: str
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What a story amounts to; `causes` stand by rank, and are never empty.

    `outcome` is one sentence on how the run ended. The first cause is the probable one;
    when no rule found any, it is `unknown` and says what to look at.
    """

    outcome: str
    causes: tuple[Cause, ...]
    timeline: tuple[Moment, ...]
    changed: tuple[Changed, ...] = ()
    against: str = ""
