"""The truth about which hunks nobody read."""

from collections.abc import Mapping, Sequence

from bot.models.rules.analyzer import Analyzer
from bot.models.rules.paths import is_utf8, kind
from core.review.hunks import Diff, FilePatch, LineKind, Status

REMOVED_FILE = "the file is removed, and rules cannot judge a removal"
REMOVED_LINES = "it only removes lines, and rules cannot judge a removal"
NO_CONTENT = (
    "the file's content could not be had; only secrets in the lines shown were "
    "looked for"
)
NOT_UTF8 = "the file's name is not UTF-8, so nothing can be said about it on GitHub"


def unread_hunks(
    diff: Diff,
    *,
    analyzers: Sequence[Analyzer],
    files: Mapping[str, bytes],
    unread_files: Mapping[str, str],
) -> dict[str, str]:
    """Map each hunk that no analyzer read to the reason.

    Looking for secrets alone is not reading. A hunk that only removes lines is not
    read either: analyzers see the file as it is now, and whether what is gone was
    needed, a check of a permission say, is just what they cannot tell.
    """
    unread: dict[str, str] = {}
    for patch in diff.files:
        reason = _reason(patch, analyzers, files, unread_files)
        for hunk in patch.hunks:
            if reason:
                unread[hunk.id] = reason
            elif not any(line.kind is LineKind.ADDED for line in hunk.lines()):
                unread[hunk.id] = REMOVED_LINES
    return unread


def _reason(
    patch: FilePatch,
    analyzers: Sequence[Analyzer],
    files: Mapping[str, bytes],
    unread_files: Mapping[str, str],
) -> str | None:
    if patch.status is Status.REMOVED:
        return REMOVED_FILE
    if not is_utf8(patch.path):
        return NOT_UTF8
    if not any(analyzer.reads(patch.path) for analyzer in analyzers):
        return f"no analyzer reads {kind(patch.path)}; only secrets were looked for"
    if patch.path not in files:
        return NO_CONTENT
    return unread_files.get(patch.path)
