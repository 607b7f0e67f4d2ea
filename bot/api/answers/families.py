"""Families of runs as the API shows them."""

from pydantic import Field

from bot.api.answers.base import Shown
from bot.api.answers.runs import Parent, RunLine


class Relative(RunLine):
    """One run of a family, with the checkpoints that it went on from."""

    parents: list[Parent]


class Family(Shown):
    """All runs that descend from one, oldest first."""

    root: str = Field(description="the run that all of them descend from")
    runs: list[Relative]
