"""`nofx events`: one list of its commands."""

import typer

from bot.cli.events.keeping import trim, verify
from bot.cli.events.reading import replay, search, tail
from bot.cli.events.schema import schema
from bot.cli.running import guarded

events = typer.Typer(
    name="events", no_args_is_help=True, help="See what happened, live and in order."
)
COMMANDS = (tail, replay, search, verify, trim, schema)


@events.callback()
def group() -> None:
    """See what happened, and what events look like."""


for command in COMMANDS:
    events.command()(guarded(command))
