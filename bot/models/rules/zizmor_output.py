"""What zizmor answers, and the remarks made of it."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel

from bot.models.rules.analyzer import Remark, SourceFile, lower
from core.review.findings import Severity

# What zizmor calls high would fail the check; these are holes, not habits.
SEVERITIES = {"High": Severity.ERROR, "Medium": Severity.WARNING}
CONFIDENCES = {"High": 0.9, "Medium": 0.7}
UNSURE = 0.4
# Pinning each action to a hash is good advice that most repositories do not follow.
HABITS = {"unpinned-uses": Severity.WARNING}
SILENCED = (
    "A comment on this line asks zizmor to keep silent about it. It is reported all "
    "the same, so that a person sees it."
)


class Point(BaseModel):
    """A place in a file: row and column from 0."""

    row: int
    column: int


class Range(BaseModel):
    """From one place to another, the second exclusive."""

    start_point: Point
    end_point: Point


class Concrete(BaseModel):
    """Where something stands in the text."""

    location: Range


class Local(BaseModel):
    """A file on this machine, as it was named on the command line."""

    verbatim_path: str


class Key(BaseModel):
    """Which input something is about."""

    Local: Local


class Symbolic(BaseModel):
    """What a location means."""

    key: Key
    annotation: str
    kind: str


class Place(BaseModel):
    """One place that an audit names; the one of kind `Primary` is what it is about."""

    symbolic: Symbolic
    concrete: Concrete


class Determinations(BaseModel):
    """How bad and how sure, in zizmor's words."""

    confidence: str
    severity: str


class Audit(BaseModel):
    """One thing that zizmor said."""

    ident: str
    desc: str
    url: str
    determinations: Determinations
    locations: tuple[Place, ...]
    ignored: bool


def judge(said: Sequence[Audit], named: Mapping[str, SourceFile]) -> Iterator[Remark]:
    """Make a remark of each audit, at each place that it is about."""
    for audit in said:
        for place in audit.locations:
            if place.symbolic.kind == "Primary":
                file = named[place.symbolic.key.Local.verbatim_path]
                yield _remark(audit, place, file.path)


def _remark(audit: Audit, place: Place, path: str) -> Remark:
    found = audit.determinations
    severity = HABITS.get(audit.ident, SEVERITIES.get(found.severity, Severity.INFO))
    body = (
        f"{_sentence(place.symbolic.annotation)}.\n\n"
        f"Rule: [zizmor's {audit.ident}]({audit.url})."
    )
    where = place.concrete.location
    ends_before = where.end_point.column == 0
    last = max(where.start_point.row, where.end_point.row - ends_before)
    return Remark(
        path=path,
        start=where.start_point.row + 1,
        end=last + 1,
        severity=lower(severity) if audit.ignored else severity,
        confidence=CONFIDENCES.get(found.confidence, UNSURE),
        rule=f"zizmor:{audit.ident}",
        title=_sentence(audit.desc),
        body=f"{body}\n\n{SILENCED}" if audit.ignored else body,
        silenced=audit.ignored,
    )


def _sentence(text: str) -> str:
    """Return zizmor's words as a sentence begins, save where they begin with a name."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() else text
