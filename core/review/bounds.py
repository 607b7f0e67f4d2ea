"""How many findings one review keeps: what is beyond that nobody reads anyway."""

from collections.abc import Sequence

from core.review.findings import Finding

# A run's findings stand in one entry of the journal, which MongoDB holds to 16 MiB.
MOST_FINDINGS = 1000
MOST_BYTES = 4 << 20


def most_severe(
    findings: Sequence[Finding],
    *,
    most: int = MOST_FINDINGS,
    most_bytes: int = MOST_BYTES,
) -> tuple[Finding, ...]:
    """Return the most severe findings that fit, in the order in which they came.

    `most_bytes` bounds their JSON. The worst come first, so that a verdict by severity
    stays what it was; of equals the earlier ones are kept.
    """
    ranked = sorted(enumerate(findings), key=lambda one: -one[1].severity.rank)
    places: list[int] = []
    room = most_bytes
    for place, finding in ranked[:most]:
        room -= len(finding.model_dump_json())
        if room < 0:
            break
        places.append(place)
    return tuple(findings[place] for place in sorted(places))


def left_out(kept: int, found: int) -> str:
    """Return the reason that a report gives when not all findings were kept."""
    return f"{found} remarks were made on it; only the {kept} most severe are kept"
