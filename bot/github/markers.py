"""Hidden markers by which nofx knows its own writing at GitHub again.

They are HTML comments: GitHub keeps them and shows nothing. A marker alone proves
nothing, for anybody can type one; it counts only with our own bot as the author.
"""

import re

SUMMARY = "<!-- nofx:summary -->"
_FINDING = re.compile(r"<!-- nofx:finding:([0-9a-f]{32}) -->\s*\Z")


def effect_marker(run_id: str, effect_key: str) -> str:
    """Return the marker of one effect of one run."""
    return f"<!-- nofx:{run_id}:{effect_key} -->"


def finding_marker(fingerprint: str) -> str:
    """Return the marker that ends a finding's comment."""
    return f"<!-- nofx:finding:{fingerprint} -->"


def fingerprint_in(body: str) -> str | None:
    """Return the fingerprint at the very end of a comment, or None."""
    found = _FINDING.search(body)
    return found.group(1) if found else None
