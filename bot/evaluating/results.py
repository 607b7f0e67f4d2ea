"""The scores as JSON, to be kept and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.review.evaluation.scores import Scored, together

FORMAT = "nofx.eval/1"


def as_json(done: Mapping[str, Sequence[Scored]]) -> dict[str, Any]:
    """Return every score, and case by case what was found, missed and made up."""
    return {
        "format": FORMAT,
        "models": [
            {**asdict(together(model, cases)), "by_case": [_case(one) for one in cases]}
            for model, cases in done.items()
        ],
    }


def _case(one: Scored) -> dict[str, Any]:
    hits = {match.expected: match for match in one.matched}
    known = {match.finding for match in one.matched}
    return {
        "case": one.case,
        "failed": one.failed or None,
        "tokens": one.tokens,
        "usd": one.usd,
        "seconds": one.seconds,
        "expected": [
            {
                **wanted.model_dump(mode="json"),
                "found_by": one.findings[hits[place].finding].fingerprint
                if place in hits
                else None,
                "on_line": hits[place].on_line if place in hits else None,
            }
            for place, wanted in enumerate(one.expected)
        ],
        "noise": [
            finding.model_dump(mode="json")
            for place, finding in enumerate(one.findings)
            if place not in known
        ],
    }
