"""Secrets in changed files, found in this process and never repeated."""

from collections.abc import Iterator, Mapping, Sequence

from bot.models.rules.analyzer import Remark
from bot.models.rules.paths import is_test
from core.review.findings import Severity
from core.review.hunks import FilePatch, LineKind
from core.review.reviewer import Sighting
from core.secrets import SecretFinder, SecretMatch

# Beyond this only what the diff shows is searched.
FILE_BYTES = 8_000_000
ADVICE = (
    "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/"
    "removing-sensitive-data-from-a-repository"
)
SURE, IN_TESTS = 0.9, 0.6


def sighted(
    patches: Sequence[FilePatch], files: Mapping[str, bytes], finder: SecretFinder
) -> Iterator[Sighting]:
    """Yield where secrets are in each patched file, wherever in it.

    The whole file is read where it is known, for the parts of a secret can stand apart;
    otherwise the lines that the diff shows. Takes processor time: run it in a thread.
    """
    for patch in patches:
        content = files.get(patch.path)
        if content is not None and len(content) <= FILE_BYTES:
            for match in finder.find(content):
                lines = content.count(b"\n", match.start, match.end - 1)
                yield _sighting(patch.path, match, match.line, match.line + lines)
        else:
            yield from _in_hunks(patch, finder)


def _in_hunks(patch: FilePatch, finder: SecretFinder) -> Iterator[Sighting]:
    for hunk in patch.hunks:
        shown = [line for line in hunk.lines() if line.kind is not LineKind.REMOVED]
        text = "\n".join(line.text for line in shown)
        for match in finder.find(text):
            start = hunk.new_start + match.line - 1
            lines = text.count("\n", match.start, match.end - 1)
            yield _sighting(patch.path, match, start, start + lines)


def _sighting(path: str, match: SecretMatch, start: int, end: int) -> Sighting:
    return Sighting(path=path, start=start, end=end, rule=match.rule, name=match.name)


def remark_on(secret: Sighting) -> Remark:
    """Say what kind of secret it is and what to do; the secret itself is not said."""
    return Remark(
        path=secret.path,
        start=secret.start,
        end=secret.end,
        severity=Severity.ERROR,
        confidence=IN_TESTS if is_test(secret.path) else SURE,
        rule=f"secret:{secret.rule}",
        title=f"This looks like a secret: {secret.name}",
        body=(
            "Whoever can read the branch can read it, and deleting the line leaves it "
            "in the history. If it is real: revoke it where it was issued, make a new "
            f"one, and keep that out of the repository.\n\nRule: `{secret.rule}`. "
            f"[How to remove it from the history]({ADVICE})."
        ),
    )
