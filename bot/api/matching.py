"""If-Match, If-None-Match and ETag: callers say which version they have seen.

Source: RFC 9110, sections 8.8.3, 13.1.1 and 13.1.2. Who changes something is compared
strongly, so a weak tag matches nothing; `*` matches whatever there is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.api.problems import FieldProblem
from core.errors import RequestInvalidError

HEADER = "If-Match"
NONE_MATCH = "If-None-Match"
OPAQUE = r'"[\x21\x23-\x7e\x80-\xff]*"'
ONE = re.compile(rf"(W/)?({OPAQUE})")
WHOLE = re.compile(rf"\s*(?:W/)?{OPAQUE}(?:\s*,\s*(?:W/)?{OPAQUE})*\s*")
LONGEST = 1000


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The versions that a caller would change, in quotes; None for any."""

    tags: frozenset[str] | None

    @property
    def is_given(self) -> bool:
        """Return whether it matters which version there is."""
        return self.tags is not None

    def allows(self, etag: str) -> bool:
        """Return whether what there is, is what the caller has seen."""
        return self.tags is None or etag in self.tags


ANY = IfMatch(None)


def if_match(values: Sequence[str]) -> IfMatch:
    """Read the header, given once or more often; raises RequestInvalidError."""
    given = ",".join(values).strip()
    if not values or given == "*":
        return ANY
    if len(given) > LONGEST or not WHOLE.fullmatch(given):
        text = 'If-Match must be `*` or versions in quotes, such as "7"'
        problem = FieldProblem(where="header", pointer="/If-Match", detail=text)
        raise RequestInvalidError(reason=text, errors=[problem])
    strong = (tag for weak, tag in ONE.findall(given) if not weak)
    return IfMatch(frozenset(strong))


def is_known(values: Sequence[str], etag: str) -> bool:
    """Tell by If-None-Match whether a reader has this version already.

    Tags are compared weakly. What is malformed names no version: all is answered.
    """
    given = ",".join(values).strip()
    if given == "*":
        return True
    if len(given) > LONGEST or not WHOLE.fullmatch(given):
        return False
    return etag in {tag for _, tag in ONE.findall(given)}
