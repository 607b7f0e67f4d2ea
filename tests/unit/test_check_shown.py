"""What the check run shows beside the lines of files."""

from bot.pipeline.check_shown import annotations
from tests.fakes.reports import a_finding, a_report


def test_only_a_line_that_is_known_is_annotated() -> None:
    """A finding whose line nobody knows stands in the summary, beside no code."""
    known = a_finding(fingerprint="1" * 32)
    lost = a_finding(fingerprint="2" * 32, unplaced="the model named no such line")
    removed = a_finding(fingerprint="3" * 32, side="LEFT")
    posted = a_finding(fingerprint="4" * 32)
    reasons = dict.fromkeys(
        (known.fingerprint, lost.fingerprint, removed.fingerprint), "no room"
    )
    shown = annotations(a_report(known, lost, removed, posted), reasons)
    assert [(one.path, one.start_line) for one in shown] == [("src/app.py", 11)]
