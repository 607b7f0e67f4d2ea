"""What the database itself refuses, generated from the tables that the runner uses."""

from core.events import schema
from core.events.base import Move
from core.events.journal_schema import Row, collection
from core.runs import projection
from core.runs.states import MACHINES
from core.runs.work import WORK
from core.store.schema import CollectionSpec


def rows_by_event_type() -> dict[str, list[Row]]:
    """Return, for each event type that moves a machine, the rows that it is for."""
    tables = {machine.name: list(machine.rows()) for machine in MACHINES}
    return {
        kind: [row for row in tables[payload.machine] if payload.moves_by(row[0])]
        for kind, payload in schema.TYPES.items()
        if issubclass(payload, Move)
    }


def _run_moves() -> list[str]:
    return [
        kind
        for kind, payload in schema.TYPES.items()
        if issubclass(payload, schema.RunMove)
    ]


def collections() -> tuple[CollectionSpec, ...]:
    """Return the journal, the runs and their work, with validators and indexes."""
    own = {"run": _run_moves()}
    return (collection(rows_by_event_type(), own), projection.SPEC, WORK)
