"""What was read of a change, and the verdict that this allows: never more than that."""

from collections.abc import Iterable, Mapping

from core.review.config import FILE
from core.review.findings import Finding, Severity
from core.review.hunks import Diff, FilePatch, Status
from core.review.report import (
    Conclusion,
    Coverage,
    CoverageState,
    Unread,
    Verdict,
    group_unread,
)

BINARY = "its binary content is not read"
WORDLESS = "it was moved, removed or got another mode, and nobody judged that"
ALL_EXCLUDED = f"every changed file is excluded by {FILE}"
UNNAMEABLE = "its name is not UTF-8, which GitHub cannot address"


def nameable(path: str) -> bool:
    """Return whether a path is UTF-8, as JSON, MongoDB and GitHub need it."""
    return not any("\udc80" <= letter <= "\udcff" for letter in path)


def shown(path: str) -> str:
    """Return a path for people: bytes that are not UTF-8 are spelt out in hex."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def measure(
    diff: Diff,
    unread: Mapping[str, str],
    missing: Iterable[Unread] = (),
    excluded: Iterable[str] = (),
) -> Coverage:
    """Count the hunks that were read.

    `unread` maps hunk ids to reasons; `missing` names files that the diff leaves out,
    each of which counts as one hunk that nobody read, as a file does that changed and
    shows no hunk: a binary, a pure rename, a mode change. A new empty file has nothing
    to read. A file whose name is not UTF-8 is never read, for GitHub's API cannot name
    it. `excluded` files, which `diff` is without, were not to be read: they leave the
    rest as it is, but where nothing is left, nothing was reviewed.
    """
    left_out = tuple(excluded)
    ids = [hunk.id for file in diff.files for hunk in file.hunks if nameable(hunk.path)]
    unseen = [
        *missing,
        *(
            Unread(path=shown(file.path), reason=reason)
            for file in diff.files
            if (reason := _unseen(file))
        ),
    ]
    known = set(ids)
    left = {one: reason for one, reason in unread.items() if one in known}
    total = len(ids) + len(unseen)
    read = len(ids) - len(left)
    if not total and left_out:
        state = CoverageState.NOT_REVIEWED
        unseen.append(Unread(reason=ALL_EXCLUDED))
    elif read == total:
        state = CoverageState.REVIEWED
    elif read:
        state = CoverageState.PARTIAL
    else:
        state = CoverageState.NOT_REVIEWED
    return Coverage(
        state=state,
        hunks_total=total,
        hunks_reviewed=read,
        reasons=(*group_unread(left), *unseen),
        excluded=left_out,
    )


def _unseen(file: FilePatch) -> str | None:
    """Return why a file as a whole was not read; None when its hunks tell."""
    if file.binary:
        return BINARY
    if file.hunks:
        return None if nameable(file.path) else UNNAMEABLE
    return None if file.status is Status.ADDED else WORDLESS


def conclude(
    coverage: Coverage,
    findings: Iterable[Finding],
    *,
    fail_on: Severity,
    reviewer: str,
    partial: Conclusion = Conclusion.NEUTRAL,
    unsure: str = "",
) -> Verdict:
    """Say what the check may claim: failed by a finding, green only when all is read.

    `reviewer` opens the sentence, for example "Rules only (no model is configured)".
    `partial` is the conclusion where something was not read that should have been;
    `unsure` is a reason why nothing is green.
    """
    worst = [one for one in findings if one.severity.rank >= fail_on.rank]
    share = _share(coverage)
    if worst:
        count = _counted(len(worst), f"finding at or above {fail_on}")
        return _verdict(Conclusion.FAILURE, f"{reviewer}: {count}; {share}.")
    if coverage.state is CoverageState.REVIEWED:
        if not coverage.hunks_total:
            reason = f"{reviewer}: no line of text was changed."
        else:
            reason = f"{reviewer}: {share}, nothing at or above {fail_on}."
        if unsure:
            return _verdict(Conclusion.NEUTRAL, f"{reason} Not green: {unsure}.")
        return _verdict(Conclusion.SUCCESS, reason)
    if coverage.state is CoverageState.PARTIAL:
        reason = f"{reviewer}: only {share}; nothing at or above {fail_on} in those."
        return _verdict(partial, reason)
    if not lacking(coverage):
        reason = f"{reviewer}: nothing was reviewed, for {ALL_EXCLUDED}."
        return _verdict(Conclusion.NEUTRAL, reason)
    return _verdict(partial, f"{reviewer}: nothing of it could be reviewed.")


def lacking(coverage: Coverage) -> bool:
    """Return whether something was not read that the configuration does not exclude."""
    return coverage.hunks_reviewed < coverage.hunks_total or not (
        coverage.excluded or coverage.state is CoverageState.REVIEWED
    )


def _share(coverage: Coverage) -> str:
    share = f"{coverage.hunks_reviewed} of {_hunks(coverage.hunks_total)} reviewed"
    if not coverage.excluded:
        return share
    files = _counted(len(coverage.excluded), "file")
    return f"{share} ({files} excluded by {FILE})"


def _verdict(conclusion: Conclusion, reason: str) -> Verdict:
    return Verdict(conclusion=conclusion, reason=reason)


def _hunks(count: int) -> str:
    return _counted(count, "hunk")


def _counted(count: int, noun: str) -> str:
    words = noun.split(" ", 1)
    many = words[0] if count == 1 else f"{words[0]}s"
    return " ".join([str(count), many, *words[1:]])
