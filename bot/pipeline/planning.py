"""Which findings become line comments and which go to the summary: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.github.review_draft import MAX_COMMENTS, TOO_MANY
from bot.plain import counted
from core.review.verify import Fate, Judged

NO_COMMENTS = "comments on lines are switched off for this repository"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`comments` are posted, `standing` are on their lines from before.

    `standing` maps a fingerprint to its comment's id, `summarised` to a reason.
    """

    comments: tuple[Judged, ...]
    standing: Mapping[str, int]
    summarised: Mapping[str, str]


def plan_review(
    judged: Sequence[Judged],
    standing: Mapping[str, int],
    *,
    most: int = MAX_COMMENTS,
) -> Plan:
    """Post what GitHub does not show yet, the most severe; the rest is summarised.

    `standing` maps the fingerprints of comments that exist to their ids. With those
    that stand already there are at most `most`, and never more than one review may
    carry; of equally severe findings those that their reviewer is surest of.
    """
    anchored = [one for one in judged if one.fate is Fate.ANCHORED]
    kept = {
        one.finding.fingerprint: standing[one.finding.fingerprint]
        for one in anchored
        if one.finding.fingerprint in standing
    }
    fresh = [one for one in anchored if one.finding.fingerprint not in kept]
    # Sorting is stable: equals keep the order of the diff.
    fresh.sort(key=lambda one: (-one.finding.severity.rank, -one.finding.confidence))
    most = min(most, MAX_COMMENTS)
    room = max(0, most - len(kept))
    summarised = {
        one.finding.fingerprint: one.reason
        for one in judged
        if one.fate is Fate.UNANCHORED
    }
    summarised |= {one.finding.fingerprint: beyond(most) for one in fresh[room:]}
    return Plan(comments=tuple(fresh[:room]), standing=kept, summarised=summarised)


def beyond(most: int) -> str:
    """Return why a finding has no comment when that many are the most."""
    if most >= MAX_COMMENTS:
        return TOO_MANY
    if not most:
        return NO_COMMENTS
    return f"a review here has at most {counted(most, 'comment')}"
