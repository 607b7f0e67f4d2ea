"""What the database itself refuses, generated from the tables that the runner uses."""

from core.events import journal, schema
from core.events.base import Move
from core.events.journal import Row
from core.runs import projection
from core.runs.states import MACHINES
from core.store.schema import CollectionSpec


def rows_by_event_type() -> dict[str, list[Row]]:
    """Return, for each event type that moves a machine, the rows of its table."""
    tables = {machine.name: list(machine.rows()) for machine in MACHINES}
    return {
        kind: tables[payload.machine]
        for kind, payload in schema.TYPES.items()
        if issubclass(payload, Move)
    }


def collections() -> tuple[CollectionSpec, ...]:
    """Return the journal and the runs with their validators and indexes."""
    own = {
        "run": [
            kind
            for kind, payload in schema.TYPES.items()
            if issubclass(payload, schema.RunMove)
        ]
    }
    return (journal.collection(rows_by_event_type(), own), projection.SPEC)
