"""`nofx migrate`: brings the database's validators and indexes up to date."""

from typing import Annotated

import typer

from bot.cli.running import run, working
from bot.plain import visible
from bot.terminal import emit


def migrate(
    context: typer.Context,
    *,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Make every projection anew from the journal."),
    ] = False,
) -> None:
    """Bring the database's validators and indexes up to date; safe to repeat.

    For example:

    ```
    nofx migrate
    nofx migrate --rebuild
    ```
    """
    with working("Bringing the database up to date"):
        changes = run(
            context,
            lambda service, settings: service.migrate(settings, rebuild=rebuild),
        )
    for change in changes or ("Nothing to change.",):
        emit(f"{visible(change)}\n")
