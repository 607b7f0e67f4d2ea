"""Which proposals stand: named, checked against the diff, and given their place."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from core.review.anchors import Anchor, code_of, place, touches_change
from core.review.findings import Finding, Proposal, Severity, Side, fingerprint
from core.review.hunks import Diff, FilePatch


class Fate(StrEnum):
    """Where a finding stands after verification, in the state table's words."""

    FILTERED = "filtered"
    ANCHORED = "anchored"
    UNANCHORED = "unanchored"


class Judged(BaseModel):
    """A finding with its fate; an anchored one carries the lines GitHub will show.

    `start_line` and `line` may be narrower than the finding's own, where only a part of
    its range is shown in the diff. `reason` says why it is not anchored.
    """

    model_config = ConfigDict(frozen=True)

    finding: Finding
    fate: Fate
    reason: str = ""
    start_line: int | None = None
    line: int | None = None

    @property
    def anchor(self) -> Anchor:
        """Return where GitHub shows it; for an anchored one only."""
        return Anchor(
            path=self.finding.path,
            side=self.finding.side,
            start_line=self.start_line,
            line=self.line or self.finding.line,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a review lets through, and what makes it fail."""

    min_confidence: float = 0.0
    fail_on: Severity = Severity.ERROR
    max_comments: int = 30


def identify(proposals: Iterable[Proposal], diff: Diff) -> tuple[Finding, ...]:
    """Give each proposal its fingerprint; the same remark made twice is kept once.

    Findings come in the order of the files in the diff, then by line.
    """
    files = {file.path: file for file in diff.files}
    order = {path: place for place, path in enumerate(files)}
    ranked = sorted(
        proposals, key=lambda one: (order.get(one.path, len(order)), _key(one))
    )
    found: dict[str, Finding] = {}
    places: dict[str, set[tuple[int | None, int]]] = {}
    seen: Counter[str] = Counter()
    for proposal in ranked:
        code = _code(files.get(proposal.path), proposal)
        base = fingerprint(proposal, code, 0)
        where = (proposal.start_line, proposal.line)
        if where in places.setdefault(base, set()):
            continue
        places[base].add(where)
        name = fingerprint(proposal, code, seen[base])
        seen[base] += 1
        found[name] = Finding(**proposal.model_dump(), fingerprint=name)
    return tuple(found.values())


def judge(
    findings: Sequence[Finding], diff: Diff, policy: Policy
) -> tuple[Judged, ...]:
    """Let through what stands on a changed line, and find where GitHub can show it."""
    files = {file.path: file for file in diff.files}
    return tuple(_judge(one, files, policy) for one in findings)


def _judge(finding: Finding, files: Mapping[str, FilePatch], policy: Policy) -> Judged:
    file = files.get(finding.path)
    if file is None:
        return _filtered(finding, "the file is not part of this change")
    if finding.confidence < policy.min_confidence:
        least = f"{policy.min_confidence:.2f}"
        return _filtered(finding, f"confidence {finding.confidence:.2f} < {least}")
    if finding.unplaced is not None:
        return Judged(finding=finding, fate=Fate.UNANCHORED, reason=finding.unplaced)
    start = finding.start_line or finding.line
    if not touches_change(file, finding.side, start, finding.line):
        return _filtered(finding, "it stands on no line that this change touches")
    placed = place(file, finding.side, finding.start_line, finding.line)
    if isinstance(placed, Anchor):
        return Judged(
            finding=finding,
            fate=Fate.ANCHORED,
            start_line=placed.start_line,
            line=placed.line,
        )
    return Judged(finding=finding, fate=Fate.UNANCHORED, reason=placed.reason)


def _filtered(finding: Finding, reason: str) -> Judged:
    return Judged(finding=finding, fate=Fate.FILTERED, reason=reason)


def _code(file: FilePatch | None, proposal: Proposal) -> str:
    if proposal.unplaced is not None:
        # Without a line its own words are all that tells it from others.
        return proposal.title
    if file is None:
        return ""
    start = proposal.start_line or proposal.line
    return code_of(file, proposal.side, start, proposal.line)


def _key(proposal: Proposal) -> tuple[int, int, str, str]:
    left = proposal.side is Side.LEFT
    return (proposal.line, int(left), proposal.rule, proposal.title)
