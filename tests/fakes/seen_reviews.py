"""What reviews saw of a file in which some lines are risky, for tests of the ledger."""

from collections.abc import Iterable

from core.review.findings import Proposal, Severity
from core.review.hunks import Diff, parse_diff
from core.review.ledger.rules import Remark, Seen
from core.review.verify import Fate, Policy, identify, judge
from tests.fakes.changes import patch

RISKS = ("risk a", "risk b", "risk c")


def diff_of(lines: Iterable[str], path: str = "a.py") -> Diff:
    """Return the diff that adds a file of these lines."""
    return parse_diff(patch(path, None, "".join(f"{one}\n" for one in lines).encode()))


def seen(  # noqa: PLR0913  # a review is all of these
    lines: Iterable[str],
    found: Iterable[str] | None = None,
    *,
    unread: bool = False,
    run: str = "run_1",
    model: str | None = None,
    outdated: Iterable[int] = (),
    least: float = 0,
    publish: bool = True,
) -> Seen:
    """Return what a review of a file saw that says something of each risky line.

    `found` are the risks that it says something about, all when left out.
    """
    text = list(lines)
    diff = diff_of(text)
    proposals = [
        Proposal(
            path="a.py",
            line=number,
            severity=Severity.ERROR,
            confidence=0.5,
            rule=line,
            title=line,
            body="",
            source=model or "rules",
        )
        for number, line in enumerate(text, start=1)
        if line in (RISKS if found is None else tuple(found))
    ]
    judged = judge(identify(proposals, diff), diff, Policy(min_confidence=least))
    comments = {
        one.finding.fingerprint: int(one.finding.fingerprint[:8], 16) + 1
        for one in judged
        if one.fate is not Fate.FILTERED and publish
    }
    return Seen(
        run_id=run,
        head_sha="a" * 40,
        judged=judged,
        diff=diff,
        unread=frozenset(["a.py"] if unread else ()),
        model=model,
        comments=comments,
        remarks={one: Remark(outdated=True) for one in outdated},
    )
