"""Moves made straight from the state tables: legal ones, and any others."""

from collections.abc import Sequence
from typing import Any

from core.events import schema
from core.events.base import JSON, Move, Payload, UnknownEvent
from core.events.commit import Draft
from core.runs import decide
from core.runs.constraints import rows_by_event_type
from core.runs.model import Run
from core.runs.projection import LEASED, document_of
from core.runs.states import MACHINES, RUN, Machine, Status
from tests.fakes.clock import NOON
from tests.fakes.commits import committed

PARTS = tuple(machine for machine in MACHINES if machine is not RUN)
TRANSITIONS = sorted({name for machine in MACHINES for name, _, _ in machine.rows()})
STATES = sorted({state for machine in MACHINES for state in machine.states()})
# The type of event that tells of each row, of those that anything brings about.
KINDS = {
    (machine.name, *row): kind
    for machine in MACHINES
    for kind, rows in rows_by_event_type().items()
    for row in rows
    if issubclass(moving := schema.TYPES[kind], Move) and moving.machine == machine.name
}
FILLED: JSON = {
    **dict.fromkeys(["error", "summary", "reason", "actor", "kind", "digest"], "x"),
    **dict.fromkeys(["from_run", "checkpoint_id", "head_sha", "step"], "x"),
    "attempt": 1,
    "decision": "waive",
    "finding": {},
    "result": {"id": 1},
    "conclusion": "success",
    "comment_id": 1,
}
CHECKPOINT = schema.CheckpointCaptured(
    checkpoint_id="cp_1", kind="gate_failed", step="one", digest="d"
)


def kinds(machine: Machine) -> list[str]:
    """Return the event types that move a machine."""
    return [
        kind
        for kind, payload in schema.TYPES.items()
        if issubclass(payload, Move) and payload.machine == machine.name
    ]


def stored_move(
    kind: str, transition: str, from_: str | None, to: str, subject: str = ""
) -> JSON:
    """Return a move as the journal keeps it, with whatever else its type needs."""
    wanted = schema.TYPES[kind].model_fields
    filled = {name: value for name, value in FILLED.items() if name in wanted}
    move = {"subject": subject, "transition": transition, "from": from_, "to": to}
    return {"type": kind, "data": filled | move}


def part_move(
    machine: Machine, transition: str, from_: str | None, subject: str
) -> Payload:
    """Return the event that moves a part; raises IllegalTransitionError."""
    to = machine.step(transition, from_)
    kind = KINDS[machine.name, transition, from_, to]
    return schema.read(stored_move(kind, transition, from_, to, subject))


def run_moves(run: Run, transition: str) -> Sequence[Payload]:
    """Return the events that move a run; raises IllegalTransitionError."""
    move = decide.moved(run, transition, actor="w", due_at=NOON)
    return (CHECKPOINT, move) if move.to == Status.GATE_FAILED else (move,)


def entry(run: Run, stored: JSON, number: int) -> JSON:
    """Return the journal's next document, made by somebody who skips the runner.

    Everything but the move is as the runner would have made it, so that nothing else
    can be what the database refuses.
    """
    move = stored["data"]
    own = stored["type"].startswith("run.")
    draft = Draft(
        stream=run.stream,
        seq=run.head_seq + 1,
        time=NOON,
        events=(UnknownEvent(type=stored["type"], data=move),),
        from_=move["from"] if own else run.status,
        to=move["to"] if own else run.status,
        fence=run.fence,
        prev_hash=run.head_hash,
    )
    return committed(draft).document() | {"writer": "raw", "wseq": number}


def shaped(run: Run, status: str) -> JSON:
    """Return a run's document as it would be in another state, its trail as it is."""
    document = document_of(run)
    for name in ("lease", "finished_at", "conclusion"):
        document.pop(name, None)
    ends = status in RUN.terminal
    more: dict[str, Any] = {
        "status": status,
        "active": not (ends or status == Status.CANCELLING),
        "checkpoint_id": "cp_1",
    }
    if status in LEASED:
        more["lease"] = {"owner": "raw", "until": NOON}
    if ends:
        more["finished_at"] = NOON
    return document | more


def moves(machine: Machine, state: str | None) -> list[tuple[str, str]]:
    """Return which transitions there are from a state, and where each leads."""
    return [
        (name, to)
        for name, from_, to in machine.rows()
        if from_ == state and (machine.name, name, from_, to) in KINDS
    ]


def standing(run: Run) -> dict[tuple[str, str], str]:
    """Return the state of each part that a run has."""
    return {
        (machine.name, subject): getattr(found, "status", found)
        for machine in MACHINES
        if machine is not RUN
        for subject, found in getattr(run, f"{machine.name}s").items()
    }
