"""Whether a run's moves follow one another: what no validator can see in one entry."""

from collections.abc import Iterable

from core.errors import BrokenChainError
from core.events.base import Move
from core.events.commit import Commit
from core.events.schema import BranchCreated
from core.runs.states import FINDING, MACHINES, RUN

ROWS = {machine.name: frozenset(machine.rows()) for machine in MACHINES}
# Where a part stands of which nothing was said yet.
AT_FIRST = {"step": "pending"}
Standing = dict[tuple[str, str], str | None]


def verify_moves(commits: Iterable[Commit]) -> None:
    """Walk a stream's commits, oldest first, and follow each machine through them.

    The database compares an entry with the tables, not with the entry before it: a row
    that starts where nothing stands is legal to it. A run that goes on from others
    has their findings, which it moves from where those left them. Raises
    BrokenChainError at the first move that is no row, or that starts elsewhere than the
    last one ended.
    """
    standing: Standing = {}
    goes_on = False
    for commit in commits:
        at = standing.get((RUN.name, ""))
        reason = None if commit.from_ == at else _elsewhere("run", at, commit.from_)
        for event in commit.events:
            goes_on = goes_on or (
                isinstance(event, BranchCreated) and bool(event.parents)
            )
            if isinstance(event, Move) and goes_on:
                _take_over(standing, event)
            if isinstance(event, Move):
                reason = reason or _broken(standing, event)
                standing[event.machine, event.subject] = event.to
        if reason is not None:
            raise BrokenChainError(stream=commit.stream, seq=commit.seq, reason=reason)


def _take_over(standing: Standing, event: Move) -> None:
    if event.machine == FINDING.name:
        standing.setdefault((event.machine, event.subject), event.from_)


def _broken(standing: Standing, event: Move) -> str | None:
    name, move = event.machine, (event.transition, event.from_, event.to)
    what = f"{name} {event.subject}".rstrip()
    if move not in ROWS[name]:
        return f"its {what} moves by no row: {event.transition} to {event.to}"
    at = standing.get((name, event.subject), AT_FIRST.get(name))
    return None if event.from_ == at else _elsewhere(what, at, event.from_)


def _elsewhere(what: str, at: str | None, from_: str | None) -> str:
    return f"its {what} goes on from {from_ or 'nothing'} and was {at or 'nothing'}"
