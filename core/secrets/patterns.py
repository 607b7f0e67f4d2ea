"""The patterns that we add to the scanner's own, each with why."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One kind of secret: the secret is group 1 when there is one, else the match."""

    rule: str
    name: str
    regex: re.Pattern[str]


# Worth a finding in a review: these have a shape that nothing else has.
SURE = (
    Pattern(
        rule="nofx.github-installation-token",
        name="GitHub installation token",
        # Since 2026 these are about 520 characters with dots; the scanner knows 40.
        regex=re.compile(r"ghs_[A-Za-z0-9._-]{36,}"),
    ),
    Pattern(
        rule="nofx.token",
        name="nofx API token",
        regex=re.compile(r"\bnofx_[0-9A-Za-z]{8}_[0-9A-Za-z]{32,}"),
    ),
    Pattern(
        rule="nofx.private-key",
        name="private key",
        # A key that was cut, as in a log or a diff, has no end line.
        regex=re.compile(
            r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----"
            r"(?:[A-Za-z0-9+/=\s:,>-]|\\+[nr])*?"
            r"(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----"
            r"|(?=[^A-Za-z0-9+/=\s:,>\\-])|\Z)"
        ),
    ),
)

# Worth a mask, but not a finding: example values in documentation look the same.
LIKELY = (
    Pattern(
        rule="nofx.authorization",
        name="Authorization header",
        regex=re.compile(
            r"(?i)\bauthorization[\"']?\s*[:=]\s*[\"']?"
            r"(?:bearer|basic|token)\s+([A-Za-z0-9._~+/=-]{8,})"
        ),
    ),
    Pattern(
        rule="nofx.url-password",
        name="password in a URL",
        regex=re.compile(r"://[^\s:@/]{0,200}:([^\s@/]{3,500})@"),
    ),
)
