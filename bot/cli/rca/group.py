"""`nofx rca`: one list of its commands."""

import typer

from bot.cli.rca.comparing import diff
from bot.cli.rca.fetching import download
from bot.cli.rca.proving import replay, verify
from bot.cli.rca.showing import show
from bot.cli.running import guarded

rca = typer.Typer(
    name="rca",
    no_args_is_help=True,
    help="Learn why a run failed, from a bundle of all that is known of it.",
)
COMMANDS = (download, show, verify, diff, replay)


@rca.callback()
def group() -> None:
    """Learn why a run failed, from a bundle of all that is known of it."""


for command in COMMANDS:
    rca.command()(guarded(command))
