"""Runs that were begun as the API shows them: what is new, and what is not redone."""

from pydantic import Field

from bot.api.answers.base import Shown
from bot.api.answers.runs import Parent, RunLine, line_of
from bot.operations import Begun
from core.runs.model import Run


class Reused(Shown):
    """What of its past a run does not do again."""

    steps: list[str]
    effects: list[str] = Field(description="keys of writes that were made already")


class BegunDetail(Shown):
    """A run that goes on from others, or was begun anew."""

    run: RunLine
    parents: list[Parent]
    reused: Reused

    @classmethod
    def of(cls, begun: Begun) -> "BegunDetail":
        """Return what was begun as the API shows it."""
        return cls(
            run=RunLine.model_validate(line_of(begun.run)),
            parents=[Parent.model_validate(one) for one in begun.parents],
            reused=Reused(steps=list(begun.steps), effects=list(begun.effects)),
        )


class RequestedDetail(Shown):
    """The run that answers a request for a review."""

    run: RunLine
    fresh: bool = Field(description="false when the head had this run already")

    @classmethod
    def of(cls, run: Run, *, fresh: bool) -> "RequestedDetail":
        """Return the answer as the API shows it."""
        return cls(run=RunLine.model_validate(line_of(run)), fresh=fresh)
