"""Which proposals stand: named, checked against the diff, and given their place."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from core.review.anchors import Anchor, code_of, place, touches_change
from core.review.config import ReviewConfig
from core.review.findings import Finding, Proposal, Severity, Side, fingerprint
from core.review.hunks import Diff, FilePatch
from core.review.likeness import said_twice
from core.review.suggestions import in_words

MOST_COMMENTS = 30


class Fate(StrEnum):
    """Where a finding stands after verification, in the state table's words."""

    FILTERED = "filtered"
    ANCHORED = "anchored"
    UNANCHORED = "unanchored"


class Judged(BaseModel):
    """A finding with its fate; an anchored one carries the lines GitHub will show.

    `start_line` and `line` may be narrower than the finding's own, where only a part of
    its range is shown in the diff. `reason` says why it is not anchored, `doubt` what a
    second look was not sure of, which lowers nothing.
    """

    model_config = ConfigDict(frozen=True)

    finding: Finding
    fate: Fate
    reason: str = ""
    doubt: str = ""
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
    max_comments: int = MOST_COMMENTS
    min_severity: Severity = Severity.INFO

    def within(self, config: ReviewConfig) -> "Policy":
        """Return the policy for a repository, which may ask for more but not for less.

        Only thresholds are taken from `config`, never what makes a review fail.
        """
        wanted = config.thresholds
        return replace(
            self,
            min_confidence=max(self.min_confidence, wanted.confidence),
            min_severity=max(self.min_severity, wanted.severity, key=lambda s: s.rank),
            max_comments=min(self.max_comments, config.max_comments),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a second look and a trial of suggestions came to, by fingerprint.

    `refuted` and `unsure` map to a reason, `joined` to the finding that says the same,
    `unoffered` to why a suggestion is not offered for one click.
    """

    refuted: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, str] = field(default_factory=dict)
    unsure: Mapping[str, str] = field(default_factory=dict)
    unoffered: Mapping[str, str] = field(default_factory=dict)


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
    findings: Sequence[Finding],
    diff: Diff,
    policy: Policy,
    *,
    model: str | None = None,
) -> tuple[Judged, ...]:
    """Let through what stands on a changed line, and find where GitHub can show it.

    What `model`, the source of a language model's findings, says twice, or as a rule
    says it already, is let through once.
    """
    files = {file.path: file for file in diff.files}
    judged = tuple(_judge(one, files, policy) for one in findings)
    standing = [one.finding for one in judged if one.fate is not Fate.FILTERED]
    return settle(judged, Look(joined=said_twice(standing, model)))


def settle(judged: Sequence[Judged], look: Look) -> tuple[Judged, ...]:
    """Put aside what a look refuted or found said elsewhere; the rest stays as it is.

    Fingerprints that nobody knows, or that would join a finding to what does not stand,
    change nothing.
    """
    found = {one.finding.fingerprint: one for one in judged}
    return tuple(_settled(one, found, look) for one in judged)


def _settled(one: Judged, found: Mapping[str, Judged], look: Look) -> Judged:
    name = one.finding.fingerprint
    if one.fate is Fate.FILTERED:
        return one
    if name in look.refuted:
        reason = f"a second look refuted it: {look.refuted[name]}"
        return _filtered(one.finding, reason)
    other = found.get(look.joined.get(name, name))
    if other is not None and other is not one and _stands(other, look):
        return _filtered(one.finding, f"it says the same as {_place(other.finding)}")
    finding = one.finding
    if finding.suggestion is not None and name in look.unoffered:
        finding = in_words(finding, look.unoffered[name])
    doubt = look.unsure.get(name, one.doubt)
    return one.model_copy(update={"finding": finding, "doubt": doubt})


def _stands(one: Judged, look: Look) -> bool:
    name = one.finding.fingerprint
    return one.fate is not Fate.FILTERED and not (
        name in look.refuted or name in look.joined
    )


def _place(finding: Finding) -> str:
    return f"{finding.fingerprint[:8]}, {finding.rule} on line {finding.line}"


def _judge(finding: Finding, files: Mapping[str, FilePatch], policy: Policy) -> Judged:
    file = files.get(finding.path)
    if file is None:
        return _filtered(finding, "the file is not part of this change")
    if reason := _below(finding, policy):
        return _filtered(finding, reason)
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


def _below(finding: Finding, policy: Policy) -> str | None:
    """Return which threshold a finding does not reach."""
    if finding.confidence < policy.min_confidence:
        return f"confidence {finding.confidence:.2f} < {policy.min_confidence:.2f}"
    if finding.severity.rank < policy.min_severity.rank:
        return f"severity {finding.severity} is below {policy.min_severity}"
    return None


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
