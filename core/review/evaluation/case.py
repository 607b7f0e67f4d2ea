"""A change of which it is known what a good review says: the values of one case."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.review.findings import Severity, Side

Line = Annotated[int, Field(ge=1)]


class Expected(BaseModel):
    """One thing that a review should say.

    Without `line` it may be said anywhere in `path`, and without `path` anywhere at
    all. `start_line` to `line` are the lines that it is about, on `side`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(min_length=1)]
    path: str | None = None
    side: Side = Side.RIGHT
    start_line: Line | None = None
    line: Line | None = None
    severity: Severity | None = None

    @model_validator(mode="after")
    def _has_a_place_that_can_be(self) -> Self:
        if self.line is not None and self.path is None:
            raise ValueError("a line needs a path")
        if self.start_line is not None and self.start_line > (self.line or 0):
            raise ValueError("start_line is behind line")
        return self

    @property
    def lines(self) -> range:
        """Return the lines it is about; empty when it names none."""
        if self.line is None:
            return range(0)
        return range(self.start_line or self.line, self.line + 1)


class CaseFile(BaseModel):
    """What `case.json` says; the diff and the files lie beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    description: str = ""
    origin: str = ""
    expected: tuple[Expected, ...] = ()
