"""Which findings become line comments and which go to the summary: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.github.review_draft import MAX_COMMENTS, TOO_MANY
from core.review.verify import Fate, Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`comments` are posted, `standing` are on their lines from before.

    `standing` maps a fingerprint to its comment's id, `summarised` to a reason.
    """

    comments: tuple[Judged, ...]
    standing: Mapping[str, int]
    summarised: Mapping[str, str]


def plan_review(judged: Sequence[Judged], standing: Mapping[str, int]) -> Plan:
    """Post what GitHub does not show yet, the most severe 30; the rest is summarised.

    `standing` maps the fingerprints of comments that exist to their ids.
    """
    anchored = [one for one in judged if one.fate is Fate.ANCHORED]
    kept = {
        one.finding.fingerprint: standing[one.finding.fingerprint]
        for one in anchored
        if one.finding.fingerprint in standing
    }
    fresh = [one for one in anchored if one.finding.fingerprint not in kept]
    # Sorting is stable: equals keep the order of the diff.
    fresh.sort(key=lambda one: -one.finding.severity.rank)
    summarised = {
        one.finding.fingerprint: one.reason
        for one in judged
        if one.fate is Fate.UNANCHORED
    }
    summarised |= {one.finding.fingerprint: TOO_MANY for one in fresh[MAX_COMMENTS:]}
    return Plan(
        comments=tuple(fresh[:MAX_COMMENTS]), standing=kept, summarised=summarised
    )
