"""A hosted model as a test scripts it: the border at which a fake may stand."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from core.errors import ModelAnswerError
from core.review.findings import Proposal, Severity
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest

PROPOSALS = TypeAdapter(tuple[Proposal, ...])
NAME = "scripted"
Says = Callable[[ReviewRequest], Awaitable[str]]
_versions = count(1)


@dataclass
class ScriptedModel(ReviewModel):
    """Answers with what `says` returns: the JSON of proposals, or what is none."""

    says: Says

    def __post_init__(self) -> None:
        """Answer nothing that another one has answered before."""
        self._version = str(next(_versions))

    @property
    @override
    def name(self) -> str:
        return NAME

    @property
    @override
    def version(self) -> str:
        return self._version

    @property
    @override
    def is_model(self) -> bool:
        return True

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        raw = await self.says(request)
        try:
            return ReviewAnswer(proposals=PROPOSALS.validate_json(raw))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise ModelAnswerError(
                model=NAME,
                schema="proposals",
                place="/".join(map(str, first["loc"])) or "the start",
                reason=first["msg"],
            ) from error


def saying(text: str) -> Says:
    """Return a model's part that always says this."""

    async def says(_: ReviewRequest) -> str:
        return text

    return says


def raising(error: Exception) -> Says:
    """Return a model's part that fails so."""

    async def says(_: ReviewRequest) -> str:
        raise error

    return says


def remark(path: str, line: int, severity: Severity) -> str:
    """Return the answer with one remark on a line."""
    proposal = Proposal(
        path=path,
        line=line,
        severity=severity,
        confidence=1.0,
        rule="scripted",
        title="Look here",
        body="Somebody should.",
        source=NAME,
    )
    return PROPOSALS.dump_json((proposal,)).decode()
