"""After GitHub refused a review: which comments have a line to stand on."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.github.file_list import Comparison
from bot.github.review_draft import DraftComment
from core.errors import DiffSyntaxError, DiffTooLargeError
from core.review.anchors import Anchor, Unplaceable, place
from core.review.hunks import Diff, parse_diff

NOT_IN_DIFF = "the diff does not have this file"
ONLY_PARTLY = "the diff shows only a part of these lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Comments by what the diff says of them.

    `valid` stand in one hunk of it; `invalid` maps the fingerprints of those that do
    not to the reason; of `unknown` the diff does not show the file.
    """

    valid: tuple[DraftComment, ...]
    invalid: Mapping[str, str]
    unknown: tuple[DraftComment, ...]


def sort_comments(comments: tuple[DraftComment, ...], comparison: Comparison) -> Sorted:
    """Sort comments by GitHub's rule: a line in a hunk, a range within one hunk.

    Files that the comparison leaves out make their comments unknown, and so does a diff
    that cannot be read.
    """
    try:
        diff = parse_diff(comparison.data)
    except (DiffSyntaxError, DiffTooLargeError):
        return Sorted(valid=(), invalid={}, unknown=comments)
    missing = {gap.path for gap in comparison.missing}
    valid: list[DraftComment] = []
    invalid: dict[str, str] = {}
    unknown: list[DraftComment] = []
    for comment in comments:
        path = comment.anchor.path
        reason = _fault(comment.anchor, diff)
        if path in missing or (None in missing and not diff.file(path)):
            unknown.append(comment)
        elif reason is None:
            valid.append(comment)
        else:
            invalid[comment.fingerprint] = reason
    return Sorted(valid=tuple(valid), invalid=invalid, unknown=tuple(unknown))


def _fault(anchor: Anchor, diff: Diff) -> str | None:
    """Return why the anchor does not stand as it is, or None."""
    reason = NOT_IN_DIFF
    for file in diff.files:
        if file.path != anchor.path:
            continue
        match place(file, anchor.side, anchor.start_line, anchor.line):
            case Unplaceable(reason=why):
                reason = why
            case found if found == anchor:
                return None
            case _:
                reason = ONLY_PARTLY
    return reason
