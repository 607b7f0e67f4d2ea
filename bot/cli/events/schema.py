"""`nofx events schema`: what events look like, for whoever reads them by program."""

import json
from typing import Annotated

import typer

from bot.terminal import emit


def schema(
    *,
    as_typescript: Annotated[
        bool,
        typer.Option("--typescript", help="Types for a dashboard, as one module."),
    ] = False,
) -> None:
    """Print the JSON Schema of every event, or TypeScript types made from it.

    For example:

    ```
    nofx events schema > events.schema.json
    nofx events schema --typescript > nofx-events.ts
    ```
    """
    # `nofx --help` can spare it.
    from core.live.typescript import typescript  # noqa: PLC0415  # help can spare it
    from core.live.wire_schema import envelope_schema  # noqa: PLC0415  # help can spare it

    found = envelope_schema()
    if as_typescript:
        emit(typescript(found))
        return
    emit(json.dumps(found, indent=2) + "\n")
