"""What a reviewer says about a line, and the name by which it is known again."""

import hashlib
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Severity(StrEnum):
    """How much a finding matters, least first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Return 0 for info, 1 for warning, 2 for error."""
        return list(Severity).index(self)


class Side(StrEnum):
    """GitHub's names for the two sides of a diff: LEFT is the base, RIGHT the head."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"


TITLE, BODY, ENCLOSING, SOURCE = 200, 20_000, 300, 100
Line = Annotated[int, Field(ge=1)]


class Proposal(BaseModel):
    """A remark as a reviewer made it, before anything was checked.

    Lines count from 1 in the file on `side`; `start_line` opens a range that ends at
    `line`. `suggestion` is replacement text for exactly those lines. `enclosing` names
    the definition that they stand in, for example `Cart.total`; empty outside of any,
    and where nobody looked. `unplaced` says why it is not known on which line the
    remark stands: `line` is then only where the part of the file begins that it is
    about, and nothing may be posted there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    side: Side = Side.RIGHT
    start_line: Line | None = None
    line: Line
    severity: Severity
    confidence: Annotated[float, Field(ge=0, le=1)]
    rule: Annotated[str, Field(min_length=1, max_length=200)]
    title: Annotated[str, Field(min_length=1, max_length=TITLE)]
    body: Annotated[str, Field(max_length=BODY)]
    suggestion: Annotated[str, Field(max_length=BODY)] | None = None
    source: Annotated[str, Field(min_length=1, max_length=SOURCE)]
    enclosing: Annotated[str, Field(max_length=ENCLOSING)] = ""
    unplaced: Annotated[str, Field(min_length=1, max_length=TITLE)] | None = None

    @model_validator(mode="after")
    def _range_runs_forward(self) -> Self:
        if self.start_line is not None and self.start_line > self.line:
            msg = f"start_line {self.start_line} is after line {self.line}"
            raise ValueError(msg)
        return self


class Finding(Proposal):
    """A proposal with the name that it keeps across pushes and rebases."""

    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


def fingerprint(proposal: Proposal, code: str, occurrence: int) -> str:
    """Name a proposal by its rule, file and code, so that moved lines keep their name.

    `code` is the text of the lines it stands on; white space in it does not count, so
    that a new indentation keeps the name as well. The definition around them counts
    where one is known. `occurrence` tells apart equal code in one of them, from 0
    downwards the file. What the proposal says in words does not count.
    Returns 32 hexadecimal digits.
    """
    normal = " ".join(code.split())
    parts = [proposal.rule, proposal.path, proposal.side.value, normal, str(occurrence)]
    # Names from before definitions were known have no such part, and stay as they are.
    if proposal.enclosing:
        parts.append(proposal.enclosing)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
