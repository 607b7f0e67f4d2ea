"""The form of a model's answer, which is checked and never trusted."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.review.answer_schema import answer_schema
from core.review.findings import Severity

MOST_FINDINGS = 50
MOST_CHANGES = 300
REFERENCE, RULE, TITLE, BODY, CODE, CHANGE = 80, 60, 200, 4000, 8000, 300


class Said(BaseModel):
    """One finding, in a model's words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Field(max_length=1000)]
    first: Annotated[str, Field(max_length=REFERENCE)]
    last: Annotated[str, Field(max_length=REFERENCE)]
    severity: Severity
    confidence: Annotated[float, Field(ge=0, le=1)]
    rule: Annotated[str, Field(min_length=1, max_length=RULE)]
    title: Annotated[str, Field(min_length=1, max_length=TITLE)]
    body: Annotated[str, Field(max_length=BODY)]
    suggestion: Annotated[str, Field(max_length=CODE)] | None


class Change(BaseModel):
    """What changes in one file, in a model's words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Field(max_length=1000)]
    change: Annotated[str, Field(min_length=1, max_length=CHANGE)]


class Answer(BaseModel):
    """All that a model has to say of one question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    findings: Annotated[tuple[Said, ...], Field(max_length=MOST_FINDINGS)]
    changes: Annotated[tuple[Change, ...], Field(max_length=MOST_CHANGES)]


ANSWER: dict[str, Any] = answer_schema(Answer)
