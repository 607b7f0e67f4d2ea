"""How much it matters that somebody reads a file: what is asked for first."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from core.review.hunks import Hunk, LineKind, Status

# Words of paths and of changed lines behind which mistakes cost most.
RISKY_PATH = re.compile(
    r"auth|login|session|token|secret|passw|crypt|cert|permission|access|acl|admin"
    r"|security|payment|billing|migration|sql|webhook|deploy|\.github/workflows"
    r"|dockerfile|terraform|\.tf$",
    re.IGNORECASE,
)
RISKY_CODE = re.compile(
    r"\b(?:eval|exec|system|popen|subprocess|shell|pickle|deserialize|innerHTML"
    r"|dangerouslySetInnerHTML|unsafe|password|secret|token|verify\s*=\s*False"
    r"|select\b.{0,80}\bfrom|insert\s+into|delete\s+from|drop\s+table|sudo|chmod"
    r"|md5|sha1|random|cors|csrf|jwt|lock|thread|async|await|transaction|rollback)\b",
    re.IGNORECASE,
)
DOCS = frozenset({".adoc", ".md", ".rst", ".txt"})
DATA = frozenset({".csv", ".json", ".lock", ".svg", ".toml", ".xml", ".yaml", ".yml"})
TESTS = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|fixtures|testdata|examples?)/|(?:^|/)test_[^/]*$"
    r"|(?:_test|\.test|\.spec)\.[a-z]+$|(?:^|/)conftest\.py$",
    re.IGNORECASE,
)
PATH_POINTS, CODE_POINTS, MOST_HITS = 40, 4, 10
KIND_POINTS, MOST_LINES = 300, 200


def risk(path: str, hunks: Sequence[Hunk], status: Status) -> int:
    """Return a score: the higher it is, the sooner a file is read.

    Code comes before tests, those before data, docs and removed files, whatever else is
    said of them; then count risky names, risky words in changed lines, and size.
    """
    changed = [
        line.text
        for hunk in hunks
        for line in hunk.lines()
        if line.kind is not LineKind.CONTEXT
    ]
    hits = sum(1 for text in changed if RISKY_CODE.search(text[:1000]))
    score = KIND_POINTS * _kind(path, status)
    score += PATH_POINTS if RISKY_PATH.search(path) else 0
    score += CODE_POINTS * min(hits, MOST_HITS)
    return score + min(len(changed), MOST_LINES) // 2


def _kind(path: str, status: Status) -> int:
    if status is Status.REMOVED:
        return 0
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in DOCS:
        return 1
    if TESTS.search(path):
        return 2
    workflow = path.startswith(".github/workflows/")
    return 3 if suffix in DATA and not workflow else 4
