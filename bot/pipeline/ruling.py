"""What the check run says in the end: the report's verdict, and the gates' say."""

from dataclasses import dataclass

from core.review.report import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The report's verdict as gates and people have left it.

    `stopped` and `waiting` name the gates that hold the run up; `number` counts what
    people have decided, so that a ruling after a decision is a write of its own.
    """

    verdict: Verdict
    stopped: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    number: int = 0
