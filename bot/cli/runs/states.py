"""`nofx runs states`: the tables that every move follows."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from bot.terminal import emit
from core.errors import OptionsError
from core.runs.states import MACHINES, Machine, mermaid


class Drawing(StrEnum):
    """The forms of a state table."""

    MERMAID = "mermaid"
    JSON = "json"


def states(
    form: Annotated[
        Drawing, typer.Option("--format", help="json is for machines.")
    ] = Drawing.MERMAID,
    machine: Annotated[
        str | None,
        typer.Option(help="run, step, gate, finding or effect; else all of them."),
    ] = None,
) -> None:
    """Print the state tables: what is no row there does not happen.

    For example:

    ```
    nofx runs states --machine run
    nofx runs states --format json
    ```
    """
    known = {one.name: one for one in MACHINES}
    if machine is not None and machine not in known:
        raise OptionsError(
            reason=f"no machine is called {machine}.", command="runs states"
        )
    chosen = [known[machine]] if machine is not None else list(MACHINES)
    if form is Drawing.JSON:
        tables = [_facts(one) for one in chosen]
        emit(json.dumps(tables, indent=2) + "\n")
        return
    if machine is not None:
        emit(f"{mermaid(known[machine])}\n")
        return
    emit("\n".join(f"%% {one.name}\n{mermaid(one)}\n" for one in chosen))


def _facts(machine: Machine) -> dict[str, object]:
    return {
        "machine": machine.name,
        "states": list(machine.states()),
        "terminal": [one for one in machine.states() if one in machine.terminal],
        "transitions": [
            {"transition": name, "from": from_, "to": to}
            for name, from_, to in machine.rows()
        ],
    }
