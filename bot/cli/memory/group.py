"""`nofx memory`: one list of its commands."""

from collections.abc import Callable

import typer

from bot.cli.memory.keys import keys
from bot.cli.running import guarded

memory = typer.Typer(
    name="memory",
    no_args_is_help=True,
    help="See, hold and redact what sessions remember; rotate the keys.",
)
COMMANDS: tuple[Callable[..., None], ...] = ()


@memory.callback()
def group() -> None:
    """See, hold and redact what sessions remember; rotate the keys."""


for command in COMMANDS:
    memory.command()(guarded(command))
memory.add_typer(keys)
