"""The patterns that we add to the scanner's own, each with why."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One kind of secret: the secret is group 1 when there is one, else the match.

    `hint` is in every text that has one, in lower case: most texts have none of them.
    A pattern begins with a letter, and looks back from there for what must not stand
    before: only so can what it begins with be skipped to.
    """

    rule: str
    name: str
    hint: str
    regex: re.Pattern[str]


# Worth a finding in a review: these have a shape that nothing else has.
SURE = (
    Pattern(
        rule="nofx.github-installation-token",
        name="GitHub installation token",
        hint="ghs_",
        # Since 2026 these are about 520 characters with dots; the scanner knows 40.
        regex=re.compile(r"ghs_[A-Za-z0-9._-]{36,}"),
    ),
    Pattern(
        rule="nofx.token",
        name="nofx API token",
        hint="nofx_",
        regex=re.compile(r"nofx_(?<!\wnofx_)[0-9A-Za-z]{8}_[0-9A-Za-z]{32,}"),
    ),
    Pattern(
        rule="nofx.private-key",
        name="private key",
        hint="-----begin ",
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
        hint="authorization",
        regex=re.compile(
            r"[Aa](?<!\w[Aa])(?i:uthorization)[\"']?\s*[:=]\s*[\"']?"
            r"(?i:bearer|basic|token)\s+([A-Za-z0-9._~+/=-]{8,})"
        ),
    ),
    Pattern(
        rule="nofx.url-password",
        name="password in a URL",
        hint="://",
        regex=re.compile(r"://[^\s:@/]{0,200}:([^\s@/]{3,500})@"),
    ),
    Pattern(
        rule="nofx.aws-secret",
        name="AWS secret beside its id",
        hint="akia",
        # The scanner finds one only where it is named, and a pair needs no names.
        regex=re.compile(
            r"AKIA(?<!\wAKIA)[A-Z0-9]{16}\W{1,20}(?:\w{1,30}\W{1,20})?"
            r"([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
        ),
    ),
)
